"""What stands in each export, as SQL: Postgres formats the cells, so that Python only moves bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from psycopg import sql

from reviewapp.insights.rules import ExportFormat, ExportKind

_TIME: Final = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
# = + - @ tab, line feed, carriage return and the wide forms that spreadsheets read the same way.
_FORMULA_STARTS: Final = "61, 43, 45, 64, 9, 10, 13, 65309, 65291, 65293, 65312"


class Cell(StrEnum):
    """What a column holds: `plain` words of our own and numbers, `text` from outside, `json`, `time`."""

    PLAIN = "plain"
    TEXT = "text"
    JSON = "json"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the file, where it comes from, and what it holds."""

    name: str
    source: str
    cell: Cell = Cell.PLAIN

    def value(self) -> str:
        """The value as it goes into a line's object."""
        return _TIME.format(self.source) if self.cell is Cell.TIME else self.source

    def text(self) -> str:
        """The same as text; text from outside that a spreadsheet would run gets a leading quote."""
        if self.cell is Cell.TEXT:
            return f"CASE WHEN ascii({self.source}) IN ({_FORMULA_STARTS}) THEN '''' || {self.source} ELSE {self.source} END"
        return f"({self.value()})::text"


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of export. `feed` names the positions it follows; without one it follows `key` (time, id)."""

    columns: Sequence[Column]
    tables: str
    keep: str
    feed: str = ""
    key: tuple[str, str] = ("", "")
    key_table: str = ""


_DECISION_FINDINGS: Final = """(SELECT jsonb_agg(jsonb_build_object('policy', policies_policy.slug, 'version', policies_version.number,
    'section', review_finding.section) ORDER BY policies_policy.slug, review_finding.section)
    FROM review_finding JOIN policies_version ON policies_version.id = review_finding.version_id
    JOIN policies_policy ON policies_policy.id = policies_version.policy_id WHERE review_finding.decision_id = d.id)"""

_LATEST_SCORE: Final = """LEFT JOIN LATERAL (SELECT s.risk, s.route, s.why FROM screening_score s WHERE s.item_id = i.id
    AND s.scored_at BETWEEN {lowest} AND {now} ORDER BY s.scored_at DESC LIMIT 1) s ON true"""

TABLES: Final[dict[ExportKind, Table]] = {
    ExportKind.AUDIT: Table(
        columns=(
            Column("position", "p.position"),
            Column("id", "e.id"),
            Column("at", "e.at", Cell.TIME),
            Column("verb", "e.verb"),
            Column("actor_kind", "e.actor_kind"),
            Column("actor", "e.actor"),
            Column("subjects", "to_json(e.subjects)", Cell.JSON),
            Column("data", "e.data", Cell.JSON),
            Column("leaf", "encode(e.leaf, 'hex')"),
        ),
        tables="audit_position p JOIN audit_event e ON e.id = p.subject AND e.at <= {highest} AND e.at >= {lowest}",
        keep="true",
        feed="audit",
    ),
    ExportKind.DECISIONS: Table(
        columns=(
            Column("position", "p.position"),
            Column("id", "d.id"),
            Column("item", "i.id"),
            Column("source", "o.name", Cell.TEXT),
            Column("external_id", "i.external_id", Cell.TEXT),
            Column("revision", "i.revision"),
            Column("kind", "d.kind"),
            Column("label", "d.label"),
            Column("findings", f"coalesce({_DECISION_FINDINGS}, '[]'::jsonb)", Cell.JSON),
            Column("actions", "d.actions", Cell.JSON),
            Column("ground", "d.ground"),
            Column("detection", "d.detection"),
            Column("automation", "d.automation"),
            Column("exception", "d.exception"),
            Column("reason_code", "d.reason_code"),
            Column("reason", "d.reason", Cell.TEXT),
            Column("reviewer", "a.pseudonym"),
            Column("at", "d.at", Cell.TIME),
            Column("final_at", "p.at", Cell.TIME),
            Column("replaces", "d.replaces_id"),
        ),
        tables="""audit_position p JOIN review_decision d ON d.id = p.subject JOIN intake_item i ON i.id = d.item_id
            JOIN intake_source o ON o.id = i.source_id JOIN accounts_person a ON a.id = d.person_id""",
        keep="""d.kind <> 'undone' AND i.purpose = 'live' AND NOT i.restricted AND i.state <> 'erased' AND NOT EXISTS
            (SELECT FROM review_decision u WHERE u.replaces_id = d.id AND u.kind = 'undone')""",
        feed="decisions",
    ),
    ExportKind.ITEMS: Table(
        columns=(
            Column("id", "i.id"),
            Column("source", "o.name", Cell.TEXT),
            Column("external_id", "i.external_id", Cell.TEXT),
            Column("revision", "i.revision"),
            Column("current", "i.is_current"),
            Column("state", "i.state"),
            Column("route", "s.route"),
            Column("why", "s.why"),
            Column("risk", "s.risk"),
            Column("language", "i.language", Cell.TEXT),
            Column("detected_language", "i.detected", Cell.TEXT),
            Column("country", "i.country", Cell.TEXT),
            Column("author", "w.external_id", Cell.TEXT),
            Column("attachments", "i.attachments"),
            Column("flagged", "i.flagged"),
            Column("created_at", "i.created_at", Cell.TIME),
            Column("received_at", "i.received_at", Cell.TIME),
            Column("text", "c.text", Cell.TEXT),
        ),
        tables=f"""intake_item i JOIN intake_source o ON o.id = i.source_id LEFT JOIN intake_author w ON w.id = i.author_id
            LEFT JOIN intake_itemcontent c ON c.item_id = i.id AND c.received_at = i.received_at
            AND c.received_at BETWEEN {{lowest}} AND {{highest}} {_LATEST_SCORE}""",
        keep="i.purpose = 'live' AND NOT i.restricted AND i.state <> 'erased'",
        key=("i.received_at", "i.id"),
        key_table="intake_item i",
    ),
    ExportKind.VERDICTS: Table(
        columns=(
            Column("id", "v.id"),
            Column("item", "i.id"),
            Column("source", "o.name", Cell.TEXT),
            Column("external_id", "i.external_id", Cell.TEXT),
            Column("revision", "i.revision"),
            Column("policy", "policies_policy.slug"),
            Column("version", "policies_version.number"),
            Column("policy_hash", "v.policy_hash"),
            Column("label", "v.label"),
            Column("confidence", "v.confidence"),
            Column("sections", "to_json(v.sections)", Cell.JSON),
            Column("evidence_for", "to_json(v.evidence_for)", Cell.JSON),
            Column("evidence_against", "to_json(v.evidence_against)", Cell.JSON),
            Column("rationale", "v.rationale", Cell.TEXT),
            Column("injection_suspected", "v.injection_suspected"),
            Column("model", "v.model", Cell.TEXT),
            Column("practice", "g.practice"),
            Column("effort", "v.effort"),
            Column("prompt_hash", "v.prompt_hash"),
            Column("seconds", "v.seconds"),
            Column("at", "v.at", Cell.TIME),
        ),
        tables="""screening_verdict v JOIN intake_item i ON i.id = v.item_id JOIN intake_source o ON o.id = i.source_id
            JOIN policies_version ON policies_version.id = v.version_id
            JOIN policies_policy ON policies_policy.id = policies_version.policy_id
            JOIN screening_engine g ON g.id = v.engine_id""",
        keep="i.purpose = 'live' AND NOT i.restricted AND i.state <> 'erased'",
        key=("v.at", "v.id"),
        key_table="screening_verdict v",
    ),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """How a format is written: its first line from the names, a row's cells as SQL, and the options of COPY."""

    first_line: Callable[[Sequence[str]], bytes]
    cells: Callable[[Sequence[Column]], str]
    options: str


def _object_of(columns: Sequence[Column]) -> str:
    pairs = ", ".join(f"'{column.name}', {column.value()}" for column in columns)
    return f"json_build_object({pairs})"


_SHAPES: Final[dict[ExportFormat, Shape]] = {
    ExportFormat.CSV: Shape(
        first_line=lambda names: ",".join(names).encode() + b"\r\n",
        cells=lambda columns: ", ".join(column.text() for column in columns),
        options="FORMAT csv",
    ),
    ExportFormat.JSONL: Shape(
        first_line=lambda _: b"",
        cells=_object_of,
        # JSON has no control characters of its own, so with these two no line is ever quoted or escaped.
        options=r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'",
    ),
}


def header(kind: ExportKind, format: ExportFormat) -> bytes:
    """The first line of the file: column names for CSV, nothing for JSONL."""
    return _SHAPES[format].first_line([column.name for column in TABLES[kind].columns])


def copy_statement(
    kind: ExportKind, format: ExportFormat, bounds: sql.Composable, **between: sql.Composable
) -> sql.Composed:
    """COPY of the rows of one chunk, in order.

    `bounds` picks the chunk; `between` has the times `lowest`, `highest` and `now`, which let the planner leave out
    the partitions that cannot hold its rows.
    """
    table, shape = TABLES[kind], _SHAPES[format]
    order = "p.position" if table.feed else ", ".join(table.key)
    return sql.SQL("COPY (SELECT {cells} FROM {tables} WHERE {keep} AND {bounds} ORDER BY {order}) TO STDOUT ({options})").format(
        cells=sql.SQL(shape.cells(table.columns)), tables=sql.SQL(table.tables).format(**between), keep=sql.SQL(table.keep),
        bounds=bounds, order=sql.SQL(order), options=sql.SQL(shape.options),
    )  # fmt: skip
