"""The skeleton on a local Spark: its hash passes over NULLs and its casts are its own, and the findings are the same."""

from __future__ import annotations

import gc
import shutil
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from cutover.reconciliation.findings import Outcome
from tests.cutover.reconciliation.engines import agree, as_parquet, planted
from tests.cutover.reconciliation.test_elsewhere import embedded, same
from tests.cutover.reconciliation.world import World

__all__ = ["embedded"]
pytestmark = [
    pytest.mark.real,
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings(
        "ignore:unclosed:ResourceWarning"
    ),  # Spark leaves its sockets to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """One Spark on this machine for the tests of this file; `make spark` installs what it takes."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        SparkSession = None  # noqa: N806
    if SparkSession is None or not shutil.which("java"):
        message = "REAL PART MISSING: spark (pyspark and a Java runtime); `make spark` installs both"
        pytest.skip(message)  # half a gigabyte is no condition for working on this project
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.codegen.wholeStage": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "Europe/London",
        "spark.sql.ansi.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = builder.getOrCreate()
        yield session
        session.stop()
        gc.collect()


def test_the_skeleton_on_spark_finds_the_same(
    world: World, embedded: tuple[Outcome, list[dict[str, Any]]], spark: Any
) -> None:
    agree(world, as_parquet(world.folder, *planted()), engine="spark")
    outcome = world.run()
    assert outcome.engine.startswith("spark "), outcome.reasons
    same(world, outcome, embedded)
    assert spark.conf.get("spark.sql.session.timeZone") == "Europe/London"


def test_a_table_of_its_catalog_is_a_side_and_one_that_is_not_there_an_error(
    world: World, spark: Any
) -> None:
    world.systems = {"lake": "local[2]"}
    files = as_parquet(world.folder, *(lines[20:40] for lines in planted()))
    for name, place in files.items():
        spark.read.parquet(place["path"]).createOrReplaceTempView(name)
    agree(world, {name: {"system": "lake", "table": name} for name in files}, engine="spark")
    outcome = world.run()
    assert outcome.passed, outcome.reasons
    assert (outcome.source.rows, outcome.source.origin) == (20, "lake:source")
    spark.catalog.dropTempView("target")
    gone = world.run()
    assert (str(gone.verdict), "TABLE_OR_VIEW_NOT_FOUND" in gone.reasons[0]) == ("ERROR", True), gone.reasons


def test_a_repair_extract_of_a_table_of_its_catalog_has_the_sources_own_rows(
    world: World, spark: Any
) -> None:
    world.systems = {"lake": "local[2]"}
    files = as_parquet(world.folder, *(lines[20:40] for lines in planted()))
    for name, place in files.items():
        spark.read.parquet(place["path"]).createOrReplaceTempView(name)
    spark.sql("CREATE OR REPLACE TEMP VIEW fewer AS SELECT * FROM target WHERE crime_id NOT LIKE '%5'")
    places = {name: {"system": "lake", "table": "fewer" if name == "target" else name} for name in files}
    agree(world, places, engine="spark")
    missing = world.run().counts["missing"]
    to = world.folder / "again.csv"
    assert world.service.repair_extract("crimes", to) == missing > 0
    lines = to.read_text(encoding="utf-8").splitlines()
    assert lines[0].replace('"', "") == ",".join(spark.table("source").columns)
    assert len(lines) == missing + 1
