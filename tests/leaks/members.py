"""Members whose every identifier is known again, wherever it turns up."""

# parts of every identifier here, in the forms it takes on the way to its hash
MARK = "zqxleak"
DIGITS = "5799887766"  # of every telephone number
BIRTH = ("1931-02-27", "19310227")

# Meta takes these as they are: they are sealed in files instead of hashed
DEVICE = "5e1f0a77-9c3d-4b62-8f4e-7d1c2b3a4f5e"
CUSTOMER = f"customer-{MARK}"

COLUMNS = "email,phone,fn,ln,dob,ct,st,zip,country,customer,device,value"
_KEPT = f"{CUSTOMER}-1,{DEVICE},7"
ROWS = [
    f"{MARK}.ada@example.org,+4915{DIGITS},Ada{MARK},Love{MARK},{BIRTH[0]},B{MARK},NW{MARK},ZQ{MARK},DE,{_KEPT}",
    f" {MARK.upper()}.BOB@EXAMPLE.ORG ,0049 15{DIGITS},Bob {MARK},O'{MARK},27.02.1931,{MARK}s,,9,de,{_KEPT}",
    # none of these is valid: their reasons are counted, their values go nowhere
    f"{MARK} at example,call {DIGITS} now{MARK},,,{MARK},,,,{MARK}land,{CUSTOMER}-3,{MARK},{MARK}",
    f"{MARK}@@example..org,1{DIGITS}9{DIGITS},,,,,,,,,,",
]  # fmt: skip

_NAMES = COLUMNS.split(",")
_VALUES = ", ".join(
    "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in row.split(",")) + ")"
    for row in ROWS
)
MEMBERS = f"""
CREATE DATABASE crm
CREATE TABLE crm.members ({", ".join(f"{name} String" for name in _NAMES)}) ENGINE = MergeTree ORDER BY email
INSERT INTO crm.members VALUES {_VALUES}
"""
"""They, as statements of ClickHouse."""
