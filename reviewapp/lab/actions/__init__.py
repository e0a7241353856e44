"""The write door of the lab."""

from reviewapp.lab.actions.evaluating import (
    NothingToEvaluate as NothingToEvaluate,
)
from reviewapp.lab.actions.evaluating import (
    end_evaluation as end_evaluation,
)
from reviewapp.lab.actions.evaluating import (
    keep_answers as keep_answers,
)
from reviewapp.lab.actions.evaluating import (
    start_evaluation as start_evaluation,
)
