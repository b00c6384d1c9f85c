/** The flag for a schema in PostgreSQL. */
import { expectedSchemaName, isSchemaName } from "@kimi-effect/client/internal/schemaName"
import * as Flag from "effect/cli/Flag"

/** `of` is what is in the schema. */
export const schemaFlag = (of: string) =>
  Flag.String("schema").pipe(
    Flag.withDescription(`The schema in PostgreSQL of ${of}. Default: kimi_effect.`),
    Flag.withMetavar("name"),
    Flag.filter(isSchemaName, () => expectedSchemaName),
    Flag.optional
  )
