"""Look this environment's packages up in the database of known vulnerabilities, with pip-audit.

Usage: python tools/audit.py, in an environment that has softgrad and pip-audit. Exit code 1 if a package has a known
vulnerability, 2 if the database could not be asked.
"""

import json
import subprocess
import sys
from typing import Any

# What the audit itself, and no user of softgrad, needs is looked up as well: it runs here.
COMMAND = ["-m", "pip_audit", "--skip-editable", "--progress-spinner", "off", "--format", "json"]


def _said(item: dict[str, Any], fault: dict[str, Any]) -> str:
    mended = ", ".join(fault["fix_versions"]) or "no release yet"
    return f"{item['name']} {item['version']}: {fault['id']}, mended in {mended}"


def main() -> int:
    """Print what was found; the exit code."""
    done = subprocess.run([sys.executable, *COMMAND], capture_output=True, text=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = done.stderr.strip().splitlines()[-1:] or ["it printed nothing"]
        return _not_audited(reason[0].strip())
    audited = [item for item in packages if "skip_reason" not in item]
    if not audited:  # an index that is a copy has the packages, and knows nothing of vulnerabilities
        return _not_audited(f"it answered for none of {len(packages)} packages")
    found = [_said(item, fault) for item in audited for fault in item["vulns"]]
    print(*found, sep="\n") if found else print(f"No known vulnerability in {len(audited)} packages.")
    skipped = [item["name"] for item in packages if "skip_reason" in item and item["name"] != "softgrad"]
    if skipped:
        print(f"Not audited, for the database does not have them: {', '.join(skipped)}.")
    return 1 if found else 0


def _not_audited(reason: str) -> int:
    print(
        f"The dependencies were not audited, for the database of vulnerabilities could not be asked: {reason}."
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
