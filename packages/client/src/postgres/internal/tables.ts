/** The tables of the journal in PostgreSQL. */
import type { JournalStoreError } from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"
import { storeError } from "../../journal/internal/GroupCommit.ts"
import { name, type Query } from "./PostgresConnections.ts"

const version = 1
/** "KJRN": processes that create the tables at the same time wait for each other. */
const lock = 0x4b_4a_52_4e

/** Creates what is missing in one transaction. A role that may not create schemas needs one that exists. */
const create = (schema: string): string => `DO $$ BEGIN
  PERFORM pg_advisory_xact_lock(${lock});
  IF to_regnamespace('"${schema}"') IS NULL THEN CREATE SCHEMA "${schema}"; END IF;
  IF to_regclass('"${schema}".journal_version') IS NOT NULL THEN RETURN; END IF;
  CREATE TABLE "${schema}".journal_run (run text PRIMARY KEY, kind text NOT NULL, digest text NOT NULL,
    cancelled boolean NOT NULL DEFAULT false, created timestamptz NOT NULL DEFAULT now());
  CREATE TABLE "${schema}".journal_resource (run text NOT NULL REFERENCES "${schema}".journal_run ON DELETE CASCADE,
    resource text NOT NULL, ordinal bigint GENERATED ALWAYS AS IDENTITY, epoch integer NOT NULL DEFAULT 0,
    until timestamptz NOT NULL DEFAULT '-infinity', completed boolean NOT NULL DEFAULT false, PRIMARY KEY (run, resource));
  CREATE INDEX journal_resource_open ON "${schema}".journal_resource (run, ordinal) WHERE NOT completed;
  CREATE TABLE "${schema}".journal_entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run text NOT NULL,
    resource text NOT NULL, key text NOT NULL, kind text NOT NULL, digest text NOT NULL, body text NOT NULL,
    FOREIGN KEY (run, resource) REFERENCES "${schema}".journal_resource ON DELETE CASCADE);
  CREATE INDEX journal_entry_resource ON "${schema}".journal_entry (run, resource, id);
  CREATE TABLE "${schema}".journal_version (version integer NOT NULL);
  INSERT INTO "${schema}".journal_version VALUES (${version});
END $$`

const wrongVersion = (schema: string, found: unknown): JournalStoreError =>
  storeError(
    name,
    "open",
    `the tables of the schema ${schema} have version ${String(found)} and not ${version}; set another schema`
  )

/** Creates the tables when they are missing, and checks their version. */
export const ensure = (query: Query, schema: string): Effect.Effect<void, JournalStoreError> =>
  Effect.gen(function* () {
    const [found] = (yield* query("open", "SELECT to_regclass($1) IS NOT NULL AS is_there", [
      `"${schema}".journal_version`
    ])).rows
    if (found?.["is_there"] !== true) yield* query("create the tables", create(schema))
    const [row] = (yield* query("open", `SELECT version FROM "${schema}".journal_version`)).rows
    if (row?.["version"] !== version) return yield* wrongVersion(schema, row?.["version"])
  })
