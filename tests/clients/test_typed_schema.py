"""openapi/typed.schema.json says what typed JSON is: every document that we write follows it."""

import json
import pathlib
import unittest

import jsonschema

PROJECT = pathlib.Path(__file__).resolve().parents[2]

# What no schema can tell: it follows the vocabulary, and its contents are wrong.
BEYOND = set(
    "array_huge array_list array_objects_short array_short bad_base64 bytes_not_alphabet dict_unhashable dtype_unknown "
    "extension_zero object_of_dict known_date_3 known_datetime_7 known_fraction_0 known_timedelta_7 "
    "external_link_text id_gap id_of_id id_of_ref id_twice object_args_list range_step_zero ref_forward ref_unknown set_unhashable "
    "table_2d table_of_text table_series_wide table_short".split())


class TypedSchema(unittest.TestCase):
    def setUp(self):
        schema = json.loads((PROJECT / "openapi/typed.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        self.validator = jsonschema.Draft202012Validator(schema)

    def cases(self, first):
        for path in sorted((PROJECT / "tests/golden/typed").glob(first + "_*.in")):
            yield path.stem[2:], json.loads(path.read_text())

    def test_what_is_read_and_written_follows_the_schema(self):
        for name, document in self.cases("y"):
            errors = [error.message[:300] for error in self.validator.iter_errors(document)]
            self.assertEqual(errors, [], name)

    def test_what_is_refused_does_not(self):
        accepted = {name for name, document in self.cases("n") if self.validator.is_valid(document)}
        self.assertEqual(accepted, BEYOND)


if __name__ == "__main__":
    unittest.main()
