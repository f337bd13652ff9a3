"""Hand out the exercises of a chapter, and grade what comes back.

python -m llmbook.classroom release CHAPTER -o OUT       write the notebook of the exercises, without solutions
python -m llmbook.classroom grade SUBMISSIONS -o OUT     grade a folder with a notebook for each student

SUBMISSIONS holds notebooks named after the students, or folders named after them with one notebook each. OUT gets
grades.csv, overview.html and feedback/, and results/, from which a run that was interrupted goes on. Needs Linux and
bubblewrap.
"""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from llmbook.checkpoint.writing import replace_file
from llmbook.classroom.feedback import feedback_page
from llmbook.classroom.gradebook import Course, grade_all, grades_table, safe_name
from llmbook.classroom.hidden import digest_of_checks, hidden_checks, known_exercises
from llmbook.classroom.overview import overview_page
from llmbook.classroom.release import release
from llmbook.classroom.sandbox import NoSandboxError, check_sandbox
from llmbook.classroom.submission import ClassroomError, find_submissions, likely_chapter, tasks_of

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
    one.add_argument("chapter", help="gemma, olmo, dora or tiny-titans")
    one.set_defaults(run=lambda asked: f"wrote {release(asked.root, asked.chapter, asked.out)}")
    two = commands.add_parser("grade", help="grade a folder of submissions")
    two.add_argument("submissions", type=Path)
    two.add_argument("--checks", type=Path, help="a file with your own checks, which no student sees")
    two.add_argument("--chapter", help="by default the one whose functions the submissions define")
    two.add_argument("--jobs", type=int, default=2, help="submissions graded at the same time; default: 2")
    two.add_argument("--no-sandbox", action="store_true", help="run students' code on this machine as it is: they can "
                     "read and write your files, and use the network")  # fmt: skip
    two.set_defaults(run=_grade)
    for each in (one, two):
        each.add_argument("-o", "--out", type=Path, required=True, help="a folder for what is written")
        each.add_argument("--root", type=Path, default=CHECKOUT, help="the checkout of the book; default: this one")
    return parser


def _grade(asked: argparse.Namespace) -> str:
    """Grade a folder, and write everything into another."""
    if not asked.no_sandbox:
        check_sandbox()
    if asked.jobs < 1:
        raise ClassroomError(f"--jobs is {asked.jobs}: give at least 1")
    if asked.out.resolve().is_relative_to(asked.submissions.resolve()):
        raise ClassroomError(f"{asked.out} lies within {asked.submissions}: choose a folder elsewhere")
    submissions, known, hidden = find_submissions(asked.submissions), known_exercises(), hidden_checks(asked.checks)
    chapter = asked.chapter or likely_chapter(asked.root, submissions.values(), known)
    course = Course(tasks_of(asked.root, chapter, known, hidden), digest_of_checks(asked.checks),
                    sandboxed=not asked.no_sandbox)  # fmt: skip
    with tqdm(total=len(submissions), unit="submission", desc=chapter) as bar:
        results = grade_all(submissions, course, asked.out, jobs=asked.jobs, done=lambda result: bar.update())
    for result in results:
        replace_file(asked.out / "feedback" / f"{safe_name(result.student)}.html", feedback_page(result))
    replace_file(asked.out / "grades.csv", grades_table(results, course.tasks))
    replace_file(asked.out / "overview.html", overview_page(results, chapter))
    return f"graded {len(results)} submissions of {chapter}: open {asked.out / 'overview.html'}"


if __name__ == "__main__":
    sys.exit(main())
