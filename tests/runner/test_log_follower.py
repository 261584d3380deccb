from __future__ import annotations

from pathlib import Path

from pyhermes.runner.log_follower import LogFollower


def test_logs_are_given_on_as_they_come(tmp_path: Path) -> None:
    shown: list[tuple[str, bytes]] = []
    follower = LogFollower(tmp_path, lambda name, data: shown.append((name, data)))
    follower.read_new()
    (tmp_path / "stdout.log").write_bytes(b"a")
    follower.read_new()
    (tmp_path / "stdout.log").write_bytes(b"abc")
    (tmp_path / "stderr.log").write_bytes(b"x")
    follower.read_new()
    follower.read_new()
    assert shown == [("stdout.log", b"a"), ("stdout.log", b"bc"), ("stderr.log", b"x")]


def test_what_came_after_the_last_look_is_not_lost(tmp_path: Path) -> None:
    shown: list[bytes] = []

    def is_ended() -> bool:
        with (tmp_path / "stdout.log").open("ab") as file:
            file.write(b"x")
        return (tmp_path / "stdout.log").stat().st_size == 3

    LogFollower(tmp_path, lambda _, data: shown.append(data)).follow(is_ended)
    assert b"".join(shown) == b"xxx"


def test_a_large_log_comes_in_pieces(tmp_path: Path) -> None:
    sizes: list[int] = []
    with (tmp_path / "stdout.log").open("wb") as file:
        file.truncate(100 << 20)
    LogFollower(tmp_path, lambda _, data: sizes.append(len(data))).read_new()
    assert sum(sizes) == 100 << 20
    assert max(sizes) <= 16 << 20
