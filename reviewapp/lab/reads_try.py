"""The read door of a tried text: what each version said, or that it is still being asked."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from reviewapp.accounts.models import Person
from reviewapp.lab.rules_marks import marks
from reviewapp.policies.models import Version
from reviewapp.policies.rules_diff import Piece
from reviewapp.screening import reads_runs
from reviewapp.screening.models import Engine, Run
from reviewapp.screening.reads_runs import RunResult
from reviewapp.screening.rules import PRACTICE_NOTICE
from reviewapp.ui.errors import Missing


@dataclass(frozen=True, slots=True)
class Said:
    """One version's answer; `label` is empty while there is none, `failure` says why there will be none."""

    number: int
    draft: bool
    result: RunResult

    @property
    def waits(self) -> bool:
        """Whether it is still asked."""
        return not self.result.label and not self.result.failure


@dataclass(frozen=True, slots=True)
class TryPage:
    """The draft's answer, then the published version's; `differ` only where both say something.

    `paused`: one of them waits, and nobody is asked until somebody resumes an engine.
    """

    run: UUID
    said: tuple[Said, ...]
    over: bool
    notice: str
    paused: bool

    @property
    def differ(self) -> bool:
        """Whether the two labels are not the same."""
        labels = [each.result.label for each in self.said if each.result.label]
        return len(labels) == 2 and labels[0] != labels[1]

    @property
    def marks(self) -> tuple[Piece, ...]:
        """What the draft's rationale has apart from the published one's."""
        if len(self.said) != 2 or not self.over:
            return ()
        draft, published = self.said
        return marks(published.result.rationale, draft.result.rationale)


def try_page(run: UUID, person: Person) -> TryPage:
    """What came of a text that `person` tried. Raises Missing, also for somebody else's."""
    if not Run.objects.filter(pk=run, kind="try_it", started_by=person).exists():
        raise Missing(_("This try is not there any more. Ask again."))
    results = reads_runs.results(run)
    numbers = dict(
        Version.objects.filter(pk__in=[each.version for each in results]).values_list("pk", "number")
    )
    newest = max(numbers.values(), default=0)
    said = sorted(
        (Said(numbers[each.version], numbers[each.version] == newest, each) for each in results),
        key=lambda each: -each.number,
    )
    engines = {each.result.engine for each in said if each.result.engine}
    practice = Engine.objects.filter(pk__in=engines, practice=True).exists()
    waits = any(each.waits for each in said)
    notice = str(PRACTICE_NOTICE) if practice else ""
    return TryPage(run, tuple(said), not waits, notice, waits and reads_runs.all_paused())
