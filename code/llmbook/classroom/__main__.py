"""Hand out the exercises of a chapter, and grade what comes back.

python -m llmbook.classroom release CHAPTER -o OUT       write the notebook of the exercises, without solutions
python -m llmbook.classroom grade SUBMISSIONS -o OUT     grade a folder with a notebook for each student
python -m llmbook.classroom export CHAPTER -o OUT        write the source of an assignment for nbgrader

SUBMISSIONS holds notebooks named after the students, or folders named after them with one notebook each. OUT gets
grades.csv, overview.html and feedback/, and results/, from which a run that was interrupted goes on; with --lms and
--roster also canvas.csv or moodle.csv. Grading needs Linux and bubblewrap. All three take --only 4.1 4.3 for some
exercises: name the same ones when you grade.
"""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from llmbook.checkpoint.writing import replace_file
from llmbook.classroom.feedback import feedback_page
from llmbook.classroom.gradebook import Course, grade_all, grades_table, safe_name
from llmbook.classroom.grading import Result, checks_of
from llmbook.classroom.hidden import digest_of_checks, hidden_checks, known_exercises, own_exercises
from llmbook.classroom.nbgrader_course import export
from llmbook.classroom.overview import overview_page
from llmbook.classroom.release import release
from llmbook.classroom.roster import MATCH, read_roster, sheet
from llmbook.classroom.sandbox import NoSandboxError, check_sandbox
from llmbook.classroom.selection import chosen, only_tasks
from llmbook.classroom.submission import (
    ClassroomError,
    Task,
    find_submissions,
    likely_chapter,
    read_cells,
    reader_notebook,
    tasks_of,
    titles_of,
)

CHECKOUT = Path(__file__).resolve().parents[3]


def main(given: list[str] | None = None) -> int:
    """Do what the command line asks for; 0 if all went well, 2 if it could not be done."""
    asked = _parser().parse_args(given)
    try:
        print(asked.run(asked))
    except (ClassroomError, NoSandboxError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m llmbook.classroom", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("release", help="write the notebook of a chapter's exercises")
    one.add_argument("--checks", type=Path, help="a file with exercises of your own, which come last")
    one.set_defaults(run=_release)
    two = commands.add_parser("grade", help="grade a folder of submissions")
    _add_grading(two)
    two.set_defaults(run=_grade)
    three = commands.add_parser("export", help="write the source of an assignment for another program")
    three.add_argument("--format", choices=("nbgrader",), default="nbgrader", help="default: nbgrader")
    three.set_defaults(run=_export)
    for each in (one, three):
        each.add_argument("chapter", help="gemma, olmo, dora or tiny-titans")
    for each in (one, two, three):
        each.add_argument("--only", nargs="+", default=[], metavar="EXERCISE", help="some exercises, by their numbers "
                          "(4.11) or names (gemma-ex-mask); default: all")  # fmt: skip
        each.add_argument("-o", "--out", type=Path, required=True, help="a folder for what is written")
        each.add_argument("--root", type=Path, default=CHECKOUT, help="the checkout of the book; default: this one")
    return parser


def _add_grading(parser: argparse.ArgumentParser) -> None:
    """What can be said about grading."""
    parser.add_argument("submissions", type=Path)
    parser.add_argument("--checks", type=Path, help="a file with your own checks, which no student sees")
    parser.add_argument("--chapter", help="by default the one whose functions the submissions define")
    parser.add_argument("--jobs", type=int, default=2, help="submissions graded at the same time; default: 2")
    parser.add_argument("--lms", choices=("canvas", "moodle"), help="write a table that this platform imports")
    parser.add_argument("--roster", type=Path, help="the students, as a CSV file of that platform")
    parser.add_argument("--match", default=MATCH, metavar="COLUMN", help="the column of the roster that says how a "
                        f"student's notebook or folder is called; default: {MATCH}")  # fmt: skip
    parser.add_argument("--assignment", metavar="NAME", help="the title of its column; default: CHAPTER exercises")
    parser.add_argument("--no-sandbox", action="store_true", help="run students' code on this machine as it is: they "
                        "can read and write your files, and use the network")  # fmt: skip


def _release(asked: argparse.Namespace) -> str:
    """Write the notebook that students get."""
    own = own_exercises(asked.checks, known_exercises())
    return f"wrote {release(asked.root, asked.chapter, asked.out, own, asked.only)}"


def _export(asked: argparse.Namespace) -> str:
    """Write a chapter for nbgrader."""
    tasks = tasks_of(asked.root, asked.chapter, known_exercises(), {})
    place = export(asked.root, asked.chapter, tasks, asked.out, asked.only)
    return f"wrote {place}; go to {asked.out} and run: nbgrader generate_assignment {asked.chapter} --create"


def _grade(asked: argparse.Namespace) -> str:
    """Grade a folder, and write everything into another."""
    if not asked.no_sandbox:
        check_sandbox()
    if asked.jobs < 1:
        raise ClassroomError(f"--jobs is {asked.jobs}: give at least 1")
    if asked.out.resolve().is_relative_to(asked.submissions.resolve()):
        raise ClassroomError(f"{asked.out} lies within {asked.submissions}: choose a folder elsewhere")
    if bool(asked.lms) != bool(asked.roster):
        raise ClassroomError("--lms and --roster go together: the platform, and the students as it knows them")
    submissions, known, hidden = find_submissions(asked.submissions), known_exercises(), hidden_checks(asked.checks)
    chapter = asked.chapter or likely_chapter(asked.root, submissions.values(), known)
    own = {each.exercise: each.function for each in own_exercises(asked.checks, known)}
    tasks = _asked_for(asked, chapter, tasks_of(asked.root, chapter, known, hidden, own))
    course = Course(tasks, digest_of_checks(asked.checks), sandboxed=not asked.no_sandbox)
    _sheet(asked, [], course, chapter)  # before the work, so that a wrong roster costs none
    with tqdm(total=len(submissions), unit="submission", desc=chapter) as bar:
        results = grade_all(submissions, course, asked.out, jobs=asked.jobs, done=lambda result: bar.update())
    titles = titles_of(asked.root, chapter)
    for result in results:
        replace_file(asked.out / "feedback" / f"{safe_name(result.student)}.html", feedback_page(result, titles))
    replace_file(asked.out / "grades.csv", grades_table(results, course.tasks))
    replace_file(asked.out / "overview.html", overview_page(results, chapter, titles))
    said = _sheet(asked, results, course, chapter)
    return f"{said}graded {len(results)} submissions of {chapter}: open {asked.out / 'overview.html'}"


def _asked_for(asked: argparse.Namespace, chapter: str, tasks: list[Task]) -> list[Task]:
    """The tasks that count."""
    cells = read_cells(reader_notebook(asked.root, chapter))
    return only_tasks(tasks, cells, chosen(asked.root, chapter, asked.only))


def _sheet(asked: argparse.Namespace, results: list[Result], course: Course, chapter: str) -> str:
    """Write the table for a platform if there are results, and say who is missing on either side."""
    if not asked.lms:
        return ""
    most = sum(check.points for task in course.tasks for check, _ in checks_of(task))
    made = sheet(asked.lms, results, read_roster(asked.roster, asked.match), asked.assignment or f"{chapter} exercises",
                 most)  # fmt: skip
    if not results:
        return ""
    place = asked.out / f"{asked.lms}.csv"
    replace_file(place, made.text)
    said = [f"wrote {place}"]
    for words, students in ((f"not in {asked.roster}, and so without a row", made.strangers),
                            (f"in {asked.roster}, without a mark", made.absent)):  # fmt: skip
        said += [f"{words}: {', '.join(students)}"] if students else []
    return "".join(f"{line}\n" for line in said)


if __name__ == "__main__":
    sys.exit(main())
