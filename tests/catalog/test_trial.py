import re
import shutil

import pytest

from digest.catalog.check import graph
from digest.catalog.library import ContentLibrary
from digest.catalog.program import load, mutate
from digest.catalog.trial import try_figure
from digest.errors import CatalogError


def words_of(folder, **more):
    return [str(fault) for fault in try_figure(folder, **more)]


def test_a_sound_figure_has_no_fault(momentum):
    assert words_of(momentum, seeds=3) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("n.left_heavy <= n.left_plain / 5", "n.left_heavy <= n.left_plain / 500", "does not hold"),
        ("import numpy as np", "import numpy as np\nimport os", "imports os"),
        (
            "import numpy as np",
            "import numpy as np\nimport matplotlib.pyplot",
            "imports matplotlib",
        ),
        ('{"beta": 0.6', '{"betta": 0.6', "TypeError"),
        ("HEIGHT = 3.4", "HEIGHT = 5.0", "5.00 in high"),
        ("HEIGHT = 3.4", "", "lacks HEIGHT"),
        ("def draw(fig, n):", "def draw(fig, n)", "figure.py: ?7?.*expected ':'"),
        (
            '"momentum keeps no memory": (',
            '"nothing": ("STEPS = 25", "STEPS = 26"), "m": (',
            "not caught",
        ),
        (
            "closer=left_plain / left_heavy",
            "near=left_plain / left_heavy",
            "returns no such number",
        ),
        ("0.05 * rng.standard_normal(2)", "eval('0.0')", "uses eval"),
    ],
)
def test_each_rule_is_held(spoil, old, new, words):
    found = words_of(spoil("figure.py", old, new))
    assert any(re.search(words, fault) for fault in found), found


def test_a_mutant_that_is_not_in_the_code_is_said(spoil):
    folder = spoil("figure.py", '("heavy = path(start, beta,"', '("heavy = trail(start, beta,"')
    assert any("stands 0 times" in words for words in words_of(folder))


def test_a_mutant_changes_the_formula_and_nothing_else(momentum):
    program = load(momentum / "figure.py")
    wrong = mutate(program, "momentum keeps no memory")
    assert program.failed(program.numbers(0)) == []
    assert wrong.failed(wrong.numbers(0)) != []


def test_numbers_depend_on_the_seed_alone(momentum):
    program = load(momentum / "figure.py")
    assert program.numbers(0).left_plain == program.numbers(0).left_plain
    assert program.numbers(0, 1).left_plain != program.numbers(0, 2).left_plain


def test_missing_prerequisites_and_circles_are_faults_of_the_library(library_folder):
    library = ContentLibrary(library_folder)
    with pytest.raises(CatalogError, match="there is no concept 'gradient-descent'"):
        _ = library.concepts
    assert any("there is no concept" in str(fault) for fault in graph(library, ["momentum"]))
    card = library_folder / "concepts" / "momentum" / "card.md"
    card.write_text(card.read_text().replace("[gradient-descent]", "[momentum]"))
    with pytest.raises(CatalogError, match="circle: momentum -> momentum"):
        _ = ContentLibrary(library_folder).concepts


def test_a_broken_card_and_what_builds_on_it_are_left_out(library_folder):
    def add(slug, requires):
        folder = library_folder / "concepts" / slug
        shutil.copytree(library_folder / "concepts" / "momentum", folder)
        card = folder / "card.md"
        card.write_text(card.read_text().replace("[gradient-descent]", requires))

    add("alone", "[]")
    add("broken", "[alone")
    add("builds-on-it", "[broken]")
    add("builds-on-that", "[builds-on-it]")
    library = ContentLibrary(library_folder)
    assert [concept.slug for concept in library.concepts] == ["alone"]
    told = "\n".join(map(str, library.faults))
    assert re.search(r"broken/card.md:\d+: front matter is no YAML", told)
    assert "no concept 'broken'" in told
    assert "no concept 'builds-on-it'" in told


def test_an_unknown_concept_names_the_nearest(library_folder):
    with pytest.raises(CatalogError, match="did you mean 'momentum'") as raised:
        ContentLibrary(library_folder).folder("momentun")
    assert "did you mean" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", "is no TOML"),
        ('title = "x"', "lacks"),
        (
            'url="https://a.example"\ntitle="x"\nhomepage=""\nowner="o"\nkind="lab"\ntier=9',
            "tier 9",
        ),
        ('url="https://a.example"\ntitle="x"\nhomepage=""\nowner="o"\nkind="blog"\ntier=1', "kind"),
        (
            'url="https://a.example"\ntitle="x"\nhomepage=""\nowner="o"\nkind="lab"\ntier=1\nx=1',
            "'x' is not known",
        ),
    ],
)
def test_a_broken_source_is_named(library_folder, text, words):
    (library_folder / "sources" / "some.toml").write_text(text)
    with pytest.raises(CatalogError, match=words) as raised:
        _ = ContentLibrary(library_folder).sources
    assert "some.toml" in str(raised.value)
