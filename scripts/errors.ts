/**
 * Writes `docs/errors.md`, the reference of all errors, from `ErrorFacts`, the
 * comments of the error classes, and the recorded error responses or the
 * situations in `errors/examples.ts`. It fails when an error has no comment or
 * no example. With `--check` it writes nothing and fails when the page is out
 * of date.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { errorResponses, type ErrorResponse } from "@kimi-effect/testing/ErrorResponses"
import * as Headers from "effect/http/Headers"
import { situations } from "./errors/examples.ts"
import { fromStatus } from "../packages/client/src/internal/mapError.ts"
import { type Facts, table, type Tag } from "../packages/core/src/errors/ErrorFacts.ts"
import { classes } from "../packages/core/src/errors/KimiError.ts"
import { commonFields } from "../packages/core/src/errors/TaggedKimiError.ts"

const page = new URL("../docs/errors.md", import.meta.url)
const folder = new URL("../packages/core/src/errors/", import.meta.url)

const code = (text: string): string => `\`${text}\``

/** The text of a comment, one paragraph a line, without its tags. */
const textOf = (comment: string): string =>
  comment
    .split("\n")
    .map((line) => line.replace(/^ \* ?/, ""))
    .filter((line) => !line.startsWith("@"))
    .join("\n")
    .trim()
    .replace(/(?<!\n)\n(?!\n)/g, " ")

interface Family {
  readonly title: string
  readonly intro: string
  /** The meaning of each error, by tag, in the order of the source. */
  readonly meanings: ReadonlyArray<readonly [tag: Tag, meaning: string]>
}

const familyOf = (file: string): Family => {
  const source = readFileSync(new URL(file, folder), "utf8")
  const intro = /^\/\*\*\n([\s\S]*?) \*\//.exec(source)?.[1] ?? ""
  const found = source.matchAll(/\/\*\*\n((?: \*(?!\/).*\n)+) \*\/\nexport class (\w+) extends TaggedKimiError/g)
  return {
    title: file.replace(/Errors\.ts$/, "").replace(/(?<=[a-z])(?=[A-Z])/g, " "),
    intro: textOf(intro),
    meanings: Array.from(found, ([, comment = "", tag = ""]) => [tag as Tag, textOf(comment)] as const)
  }
}

const firstTags = Object.keys(table)

/** Families in the order of the table. */
const families = readdirSync(folder)
  .filter((name) => name.endsWith("Errors.ts") && name !== "OperationErrors.ts")
  .map(familyOf)
  .toSorted((a, b) => firstTags.indexOf(a.meanings[0]?.[0] ?? "") - firstTags.indexOf(b.meanings[0]?.[0] ?? ""))

const call = { provider: "moonshot", isMoonshot: true, model: "kimi-k3", secret: undefined }

/** The first known response of each error. */
const examples = new Map<string, ErrorResponse>()
for (const response of Object.values<ErrorResponse>(errorResponses)) {
  const body = response.body ?? JSON.stringify({ error: { message: response.message, type: response.type } })
  const { _tag } = fromStatus(
    { status: response.status, headers: Headers.fromInput(response.headers), body, now: 0 },
    call
  )
  if (!examples.has(_tag)) examples.set(_tag, response)
}

const example = ({ body, message, status, type }: ErrorResponse): string => {
  const text = message ?? (body?.startsWith("<") ? "an HTML page" : (body ?? ""))
  return `Example: HTTP ${status}${type === undefined ? "" : `, ${code(type)}`}${text === "" ? "" : `: ${code(text)}`}`
}

const members = (tag: Tag): ReadonlyArray<string> =>
  Object.keys(classes[tag].fields).filter((name) => name !== "_tag" && !Object.hasOwn(commonFields, name))

const section = ([tag, meaning]: readonly [Tag, string]): string => {
  const facts: Facts = table[tag]
  const own = members(tag)
  const response = examples.get(tag)
  const situation = situations[tag]
  return [
    `### ${code(tag)}`,
    meaning,
    [
      `- Retry: ${facts.isRetryable ? "yes" : "no"}. Recovery: ${code(facts.recovery)}. Fallback: ${facts.fallback}.`,
      `- Severity: ${facts.severity}. Circuit breaker: ${facts.breaker}. Billing: ${facts.billing}.`,
      ...(own.length === 0 ? [] : [`- Members: ${own.map(code).join(", ")}.`]),
      `- Hint: ${facts.hint}`,
      ...(response === undefined ? [] : [`- ${example(response)}`]),
      ...(situation === undefined ? [] : [`- Example: ${situation}.`])
    ].join("\n")
  ].join("\n\n")
}

const summary = families
  .flatMap(({ meanings }) => meanings)
  .map(([tag]) => {
    const { category, isRetryable, recovery } = table[tag]
    return `| [${code(tag)}](#${tag.toLowerCase()}) | ${category} | ${isRetryable ? "yes" : "no"} | ${code(recovery)} |`
  })

const text = `# Errors

This page is generated from \`packages/core/src/errors\` by \`node scripts/errors.ts\`.

Every error is a tagged class: \`Effect.catchTag("RateLimitError", …)\` handles one of them. All have \`message\`, \`category\`,
\`severity\`, \`isRetryable\`, \`recovery\` and \`hint\`, and where they are known \`provider\`, \`model\`, \`status\`, \`requestId\`,
\`traceId\`, \`retryAfter\`, \`partial\` and \`attempts\`. \`KimiError.codec\` encodes any of them as JSON.

- **Retry**: whether the same request may succeed when it is sent again.
- **Recovery**: the next step as data. \`RetryAfter\` and \`WaitForQuota\` have the wait, \`FixRequest\` the member to change,
  \`ShortenContext\` the window and \`SwitchModel\` the successor, where they are known.
- **Fallback**: the fallback steps that may succeed after it.
- **Circuit breaker**: whether it counts against the host. **Billing**: whether the host may charge for the attempt.

| error | category | retry | recovery |
| --- | --- | --- | --- |
${summary.join("\n")}

${families
  .map(({ intro, meanings, title }) => [`## ${title}`, intro, ...meanings.map(section)].join("\n\n"))
  .join("\n\n")}
`

const documented = new Set<string>(families.flatMap(({ meanings }) => meanings.map(([tag]) => tag)))
const missing = firstTags.filter((tag) => !documented.has(tag))
if (missing.length > 0) {
  process.stderr.write(`Errors without a comment on their class: ${missing.join(", ")}\n`)
  process.exit(1)
}

const withoutExample = firstTags.filter((tag) => !examples.has(tag) && situations[tag as Tag] === undefined)
if (withoutExample.length > 0) {
  process.stderr.write(`Errors without an example in scripts/errors/examples.ts: ${withoutExample.join(", ")}\n`)
  process.exit(1)
}

if (!process.argv.includes("--check")) {
  writeFileSync(page, text)
} else if (!existsSync(page) || readFileSync(page, "utf8") !== text) {
  process.stderr.write("docs/errors.md is out of date: run node scripts/errors.ts\n")
  process.exit(1)
}
