"""Versions from before the lists get theirs: the cases of their own file, and in the newest one all others too."""

from typing import Any

from django.db import migrations

from reviewapp.policies import rules, rules_cases, rules_gate


def list_cases(apps: Any, schema_editor: Any) -> None:
    version_rows = (
        apps.get_model("policies", "Version").objects.filter(case_list=None).order_by("policy", "number")
    )
    lists = apps.get_model("policies", "CaseList").objects
    cases = apps.get_model("policies", "Case").objects
    for row in version_rows:
        newest = not version_rows.filter(policy=row.policy_id, number__gt=row.number).exists()
        mine = [
            case for case in cases.filter(policy=row.policy_id) if newest or case.code in codes_of(row.source)
        ]
        lists.create(version=row, cases=[case.pk for case in mine])
        live = [(case.code, case.section, case.text, case.expect) for case in mine if not case.erased]
        row.cases_hash = rules_cases.cases_hash(live)
        targets = [
            (code, None, None) for code in row.sections.order_by("ordinal").values_list("code", flat=True)
        ]
        row.gate_hash = rules_gate.gate_hash(row.hash, row.effort, row.cases_hash, targets)
        row.gate = "waived" if row.gate_waived else ""
        row.save(update_fields=["cases_hash", "gate_hash", "gate"])


def codes_of(source: str) -> set[str]:
    try:
        return {case.code for case in rules.parse(source).cases}
    except rules.PolicyFileError:
        return set()


class Migration(migrations.Migration):
    dependencies = [("policies", "0002_cases_and_gate")]

    operations = [migrations.RunPython(list_cases, migrations.RunPython.noop)]
