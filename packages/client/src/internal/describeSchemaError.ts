/** Describes a schema error by its path and the expected type, without the actual value. */
import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

// Issues contain no input unless a parser is configured to report it; these are not, to keep prompts out of errors.
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** `messages[2].content` */
const toPath = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>): string =>
  path
    .map((segment) => String(typeof segment === "object" ? segment.key : segment))
    .map((key) => (/^\d+$/.test(key) ? `[${key}]` : `.${key}`))
    .join("")
    .replace(/^\./, "")

/** The first issue of a schema error. */
export const describeSchemaError = (error: Schema.SchemaError): { readonly path: string; readonly message: string } => {
  const issue = formatIssue(error.issue).issues[0]
  return { path: toPath(issue?.path ?? []), message: issue?.message ?? "Invalid value" }
}
