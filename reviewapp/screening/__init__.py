"""Fifth floor: what machines said: scores, runs, judgements under leases, verdicts, engines."""
