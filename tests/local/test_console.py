"""The console and the documentation page in a real browser (LOC-10, HTTP-04), at the size of a phone and of a desk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from infra.local import console
from infra.package import openapi
from tests.local.fake_cloud import TOKEN, FakeCloud

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
SIZES = {"phone": 360, "desk": 1280}
PARTS = ["overview", "requests", "events", "workflows", "jobs", "payments", "mail"]

browser_only = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM or not DRIVER, reason="needs Chromium and its driver"),
]


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-background-networking"):
        options.add_argument(f"--{argument}")
    options.add_argument("--disable-dev-shm-usage")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield started
    started.quit()


@pytest.fixture
def fake(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCloud]:
    monkeypatch.setenv("OPENAPI_FILE", str(openapi.write(tmp_path / "openapi.json")))
    cloud = FakeCloud().start()
    yield cloud
    cloud.stop()


class Page:
    """A window of one size, looking at one server."""

    def __init__(self, driver: Any, fake: FakeCloud, width: int) -> None:
        self.driver = driver
        self.fake = fake
        metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.get_log("browser")

    def open(self, path: str) -> None:
        # From another document, so that a change of the fragment alone loads the page anew.
        self.driver.get("about:blank")
        self.driver.get(self.fake.url + path)

    def until(self, what: Callable[[], Any]) -> Any:
        return WebDriverWait(self.driver, 10, poll_frequency=0.05).until(lambda _: what())

    def find(self, selector: str) -> WebElement:
        found: WebElement = self.until(lambda: next(iter(self.all(selector)), None))
        return found

    def all(self, selector: str) -> list[WebElement]:
        found: list[WebElement] = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return found

    def press(self, element: WebElement) -> None:
        """With the keyboard, as somebody without a mouse does."""
        self.driver.execute_script("arguments[0].focus()", element)
        element.send_keys(Keys.ENTER)

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        element = "document.documentElement"
        return int(self.driver.execute_script(f"return {element}.scrollWidth - {element}.clientWidth"))

    def complaints(self) -> list[str]:
        """What the browser complains about; the value of Permissions-Policy is the specification's own."""
        entries = self.driver.get_log("browser")
        told = [one["message"] for one in entries if one["level"] in {"SEVERE", "WARNING"}]
        return [one for one in told if "Permissions-Policy" not in one]


@pytest.fixture(params=list(SIZES))
def page(driver: Any, fake: FakeCloud, request: pytest.FixtureRequest) -> Page:
    return Page(driver, fake, SIZES[request.param])


class TestConsole:
    pytestmark = browser_only

    @pytest.mark.rule("LOC-10")
    def test_a_button_signs_in_and_hands_over_the_token(self, page: Page) -> None:
        page.open("/")
        page.press(page.find("button[data-role=STUDENT]"))
        field = page.find("#accounts input:not([hidden])")
        assert field.get_attribute("value") == TOKEN
        signed_in = {"email": "asha.verma@pathshala.example", "password": "demo-student"}
        assert page.fake.posted == [("login", signed_in)]
        assert page.find("#toast").is_displayed()

    @pytest.mark.rule("LOC-10")
    def test_a_button_runs_a_job_and_shows_what_it_answered(self, page: Page) -> None:
        page.open("/#jobs")
        page.press(page.find("button[data-job=reconcile-payments]"))
        page.until(lambda: '"settled": 1' in page.find("#jobs").text)
        assert page.fake.posted == [("jobs/reconcile-payments/run", {})]

    @pytest.mark.rule("LOC-10")
    def test_a_workflow_is_drawn_with_the_state_it_is_in(self, page: Page) -> None:
        page.open("/#workflows")
        picture = page.find(".graph svg")
        assert picture.get_attribute("aria-label") == "pathshala-local-finalize-payment: running, now in Wait"
        assert len(page.all(".graph g")) == 9
        assert [one.text.split("\n")[0] for one in page.all(".graph g.now")] == ["Wait"]
        assert len(page.all(".graph g.done")) == 3
        page.press(page.all(".execution")[2])
        page.until(lambda: [one.text.split("\n")[0] for one in page.all(".graph g.lost")] == ["GiveUp"])

    @pytest.mark.rule("LOC-10")
    @pytest.mark.parametrize("part", PARTS)
    def test_every_part_fits_the_window_and_draws_what_there_is(self, page: Page, part: str) -> None:
        page.open(f"/#{part}")
        page.find("main h1")
        page.find("main .list > li")
        for summary in page.all("main summary")[:3]:
            page.press(summary)
        assert page.overflow() <= 0
        assert page.complaints() == []

    @pytest.mark.rule("LOC-10")
    def test_a_part_that_the_local_cloud_does_not_have_stays_empty_and_says_so(self, page: Page) -> None:
        page.fake.answers.clear()
        for part in PARTS[1:]:
            page.open(f"/#{part}")
            assert page.find("main .none").is_displayed()

    @pytest.mark.rule("LOC-10")
    def test_what_is_open_stays_open_while_the_page_refreshes_itself(self, page: Page) -> None:
        page.open("/#events")
        page.press(page.find("main summary"))
        page.fake.answers["events"] = [
            {"at": "2026-01-31T10:00:09.000Z", "event": "ReceiptSent", "key": "r", "data": {}},
            *page.fake.answers["events"],
        ]
        page.until(lambda: len(page.all("main .list > li")) == 3)
        assert page.find("main details[open] strong").text == "PaymentSucceeded"

    @pytest.mark.rule("LOC-10")
    def test_the_keyboard_reaches_everything_and_shows_where_it_is(self, page: Page) -> None:
        page.open("/")
        page.find("button[data-role=STUDENT]")
        reached = []
        body = page.find("body")
        body.send_keys(Keys.TAB)
        for _ in range(40):
            active = page.driver.switch_to.active_element
            style = page.driver.execute_script("return getComputedStyle(arguments[0]).outlineStyle", active)
            reached.append((active.text or active.get_attribute("id") or "", style))
            active.send_keys(Keys.TAB)
        words = {text for text, _ in reached}
        assert {"Skip to the content", "Jobs", "Sign in", "Drain", "Reset to the demo data", "API docs"} <= words
        assert all(style != "none" for text, style in reached if text in {"Jobs", "Sign in", "Drain"})

    @pytest.mark.rule("LOC-11")
    def test_resetting_asks_once_more(self, page: Page) -> None:
        page.open("/")
        reset = page.find("button.danger")
        page.press(reset)
        assert page.fake.posted == []
        page.press(reset)
        page.until(lambda: page.fake.posted == [("reset", {})])


class TestDocumentation:
    pytestmark = browser_only

    @pytest.mark.rule("HTTP-04")
    def test_operations_by_resource_with_search_and_details(self, page: Page) -> None:
        page.open("/v1/docs")
        page.find(".operation")
        everything = len(page.all(".operation"))
        assert everything > 3
        page.find("#search").send_keys("health ready")
        page.until(lambda: len([one for one in page.all(".operation") if one.is_displayed()]) == 1)
        page.press(page.find("#health_ready > summary"))
        text = page.find("#health_ready .body").text
        for word in ("public", "X-Request-Id", "VALIDATION_FAILED", "200", "503"):
            assert word in text
        assert page.overflow() <= 0
        assert page.complaints() == []

    @pytest.mark.rule("HTTP-04")
    def test_a_link_opens_its_operation_and_a_request_can_be_sent(self, page: Page) -> None:
        page.open("/v1/docs#health")
        page.find("#health[open] .body")
        form = page.find("#health form")
        page.driver.execute_script("arguments[0].closest('details').open = true", form)
        page.press(page.find("#health form button"))
        page.until(lambda: '"status": "ok"' in page.find("#health form").text)


@pytest.mark.rule("LOC-10")
def test_the_console_needs_no_other_host_and_no_inline_script() -> None:
    for file in console.STATIC.iterdir():
        found = console.asset("/" if file.name == "index.html" else f"/console/{file.name}")
        assert found is not None
        policy = found.headers["Content-Security-Policy"]
        assert "script-src 'self' 'wasm-unsafe-eval';" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
        text = found.content.decode()
        assert "https://" not in text
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "innerHTML" not in text
    assert console.asset("/console/../__init__.py") is None
    assert console.asset("/console/") is None
    assert console.asset("/v1/health") is None
