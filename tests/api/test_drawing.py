from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from PIL import Image

from pyhermes.api.drawing import save_figure
from pyhermes.core import training_curve
from pyhermes.plot import draw_curve
from tests.api.test_plotting import BEGINNINGS, NAN, SCORES, assert_drawn, labels, many_scores

# Drawing a curve


def test_a_curve_is_drawn_as_artists() -> None:
    _, ax = plt.subplots()
    curve = training_curve(SCORES, eps_start=1, eps_end=0.1, eps_decay=0.5, window_length=4)
    artists = draw_curve(curve, ax, mark_best=True)
    assert_drawn(ax, curve, 4)
    assert [artists.scores, artists.means, artists.best] == list(ax.get_lines())
    assert artists.epsilon_axes is not None
    assert list(artists.epsilon_axes.get_lines()) == [artists.epsilons]
    assert artists.legend is ax.get_legend()
    assert labels(ax) == ["score", "mean of the last 4", "best: 8 in episode 2", "epsilon"]


def test_what_is_not_drawn_is_none() -> None:
    _, ax = plt.subplots()
    artists = draw_curve(training_curve(SCORES), ax, legend=False)
    assert (artists.best, artists.epsilons, artists.epsilon_axes, artists.legend) == (None,) * 4
    assert artists.means.get_color() == "r"


# Very many episodes


def test_dots_are_dots_up_to_a_number_and_then_an_image() -> None:
    ax = plt.figure().add_subplot()
    few = draw_curve(training_curve(many_scores(200_000)), ax)
    assert isinstance(few.scores, Line2D)
    assert len(np.asarray(few.scores.get_xdata())) == 200_000
    many = draw_curve(training_curve(many_scores(200_001)), plt.figure().add_subplot())
    assert isinstance(many.scores, AxesImage)
    assert len(np.asarray(many.means.get_xdata())) < 20_000


def test_in_an_image_of_very_many_scores_a_single_one_can_be_seen() -> None:
    ax = plt.figure(figsize=(4, 4), dpi=100).add_subplot()
    curve = training_curve(many_scores(300_000), window_length=1000)
    artists = draw_curve(curve, ax, scores_color="#00ff00")
    assert isinstance(artists.scores, AxesImage)
    pixels = np.asarray(artists.scores.get_array())
    rows, columns, _ = pixels.shape
    assert (rows, columns) == (400, 400)
    assert list(artists.scores.get_extent()) == [-0.5, 299_999.5, *curve.score_range]
    assert ax.get_ylim() == curve.score_range
    assert (pixels[..., :3] == [0, 255, 0]).all()
    strength = pixels[..., 3] / 255
    low, high = curve.score_range
    for score, column in ((180.0, columns // 4), (20.0, columns // 2)):
        row = int((score - low) / (high - low) * rows)
        around = strength[row - 3 : row + 4, column - 3 : column + 4]
        assert around.max() == pytest.approx(0.4, abs=0.002)
    dense = strength[int((100.0 - low) / (high - low) * rows)]
    assert dense.min() > 0.8
    assert strength.max() == 1.0
    assert labels(ax)[0] == "score"


def test_very_many_scores_of_which_none_can_be_drawn() -> None:
    artists = draw_curve(training_curve(np.full(200_001, NAN)), plt.figure().add_subplot())
    assert isinstance(artists.scores, AxesImage)
    assert not np.asarray(artists.scores.get_array())[..., 3].any()


# Pictures


def figure_of(value: float = 1.0) -> Figure:
    figure = Figure(figsize=(2, 1), dpi=50)
    draw_curve(training_curve([value, 2.0]), figure.add_subplot(), fontsize=5)
    return figure


def pixels(picture: Path | bytes) -> list[object]:
    with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as image:
        values: list[object] = np.asarray(image.convert("RGBA")).tolist()
    return values


def saved_by_matplotlib(figure: Figure, ending: str) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format=ending)
    return picture.getvalue()


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a", "a.", "a.b.png", "..png"])
def test_a_picture_is_the_one_that_matplotlib_saves_under_the_same_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    save_figure(figure_of(), os.path.join(tmp_path, "ours", name))
    figure_of().savefig(os.path.join(tmp_path, "theirs", name))
    (ours,) = (tmp_path / "ours").iterdir()
    (theirs,) = (tmp_path / "theirs").iterdir()
    assert ours.name == theirs.name
    assert pixels(ours) == pixels(theirs)


def test_a_path_without_an_ending_gets_the_users_default_format(tmp_path: Path) -> None:
    with mpl.rc_context({"savefig.format": "svg"}):
        save_figure(figure_of(), tmp_path / "curve")
    assert (tmp_path / "curve.svg").read_bytes().startswith(BEGINNINGS["svg"])


@pytest.mark.parametrize("ending", ["jpg", "tif", "webp"])
def test_a_picture_has_any_format_that_matplotlib_knows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"curve.{ending}"
    save_figure(figure_of(), path)
    assert pixels(path) == pixels(saved_by_matplotlib(figure_of(), ending))


def test_a_picture_takes_the_place_of_another_and_keeps_who_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "curve.png"
    save_figure(figure_of(1.0), path)
    path.chmod(0o640)
    before = pixels(path)
    save_figure(figure_of(5.0), path)
    assert pixels(path) != before
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_to_a_picture_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "paper").mkdir()
    target, link = tmp_path / "paper" / "figure.png", tmp_path / "curve.png"
    link.symlink_to(target)
    save_figure(figure_of(), link)
    assert link.is_symlink()
    assert target.read_bytes().startswith(BEGINNINGS["png"])


def test_where_drawing_fails_the_picture_that_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "curve.png"
    path.write_bytes(b"before")
    figure = figure_of()
    figure.axes[0].set_title("$\\unknown$")
    with pytest.raises(ValueError, match="unknown"):
        save_figure(figure, path)
    with pytest.raises(ValueError, match="Format 'xyz' is not supported"):
        save_figure(figure_of(), tmp_path / "curve.xyz")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_no_folder_is_made_for_a_picture(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    for name, code in (
        ("missing/curve.png", errno.ENOENT),
        ("file/curve.png", errno.ENOTDIR),
        ("folder.png", errno.EISDIR),
    ):
        with pytest.raises(OSError, match=name.split("/")[0]) as error:
            save_figure(figure_of(), tmp_path / name)
        assert error.value.errno == code
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]
    assert list((tmp_path / "folder.png").iterdir()) == []
