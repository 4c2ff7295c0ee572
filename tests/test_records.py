from goldilocks.jobs import records


def test_updates_of_a_record_add_up(tmp_path):
    records.update(tmp_path, 3, name="boston mlp", overrides=("a=1", "b=2"), status="running")
    records.update(tmp_path, 3, status="finished", value=0.5)
    assert records.read(tmp_path, 3) == records.JobRecord(
        3, name="boston mlp", overrides=("a=1", "b=2"), status="finished", value=0.5
    )


def test_records_come_in_order_and_leave_no_other_files(tmp_path):
    for number in (10, 2, 0):
        records.update(tmp_path, number, status="waiting")
    assert [record.number for record in records.read_all(tmp_path)] == [0, 2, 10]
    assert {file.suffix for file in (tmp_path / records.FOLDER).iterdir()} == {".json"}


def test_a_job_without_a_record_is_waiting(tmp_path):
    assert records.read(tmp_path, 7) == records.JobRecord(7)
    assert records.read_all(tmp_path) == []


def test_a_record_has_no_password(tmp_path):
    address = "postgresql://me:secret@host/db"
    typed = (f"tracking.uri={address}", r"tracking.uri\=http\://me\:secret@host")
    records.update(tmp_path, 0, overrides=typed, reason=f"{address} is away")
    [file] = (tmp_path / records.FOLDER).iterdir()
    assert "secret" not in file.read_text()
    assert records.read(tmp_path, 0).reason == "postgresql://me:***@host/db is away"
