"""What a browser gets of the product: small, and once."""

import re
from pathlib import Path

import httpx

from tests import servers


def test_a_page_is_compressed_and_its_files_are_kept_by_the_browser(db: str, tmp_path: Path) -> None:
    with (
        servers.web_server(db, tmp_path, servers.static_files(tmp_path)) as address,
        httpx.Client(base_url=address, trust_env=False) as browser,
    ):
        page = browser.get("/accounts/login/")
        files = re.findall(r'(?:href|src)="(/static/[^"#]+)"', page.text)
        served = {path: browser.get(path) for path in files}
        api = browser.get("/api/v1/items")
    assert page.headers["Content-Encoding"] == "gzip" and len(page.text) > 2_000
    assert "Content-Encoding" not in api.headers
    assert len(files) > 5 and {each.status_code for each in served.values()} == {200}
    for path, answer in served.items():
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", path), f"{path} does not say its content"
        assert "immutable" in answer.headers["Cache-Control"]
        assert path.endswith(".woff2") or answer.headers["Content-Encoding"] == "gzip", path
    style = next(
        answer.text for path, answer in served.items() if "/console." in path and path.endswith(".css")
    )
    font = next(path for path in files if path.endswith(".woff2"))
    assert Path(font).name in style, "the font is loaded once, under one name"
    assert (tmp_path / "web.log").read_text().count("No directory") == 0
