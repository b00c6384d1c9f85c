/** The text of a cassette: one block per interaction, sorted, so that a new recording changes few lines. */
import * as CanonicalJson from "@kimi-effect/core/internal/CanonicalJson"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { CassetteFormatError, CassetteVersionError } from "../../CassetteErrors.ts"
import { type Body, type Event, Interaction } from "../../cassette/Interaction.ts"
import * as BoundedJson from "./boundedJson.ts"
import * as MemberPath from "./memberPath.ts"

/** The version of the format. A change that older versions cannot read increases it. */
const version = 1

const format = "kimi-cassette"
const maxLineLength = 110

const expanded: ReadonlySet<string> = new Set(["request", "response", "headers", "events"])

/** Whether a value is on one line. Events always are, and each header has its line. */
const isOneLine = (compact: string, indent: string, name: string): boolean =>
  name === "event" || (!expanded.has(name) && compact.length + indent.length <= maxLineLength)

const layout = (value: unknown, indent: string, name: string): string => {
  const compact = JSON.stringify(value)
  if (typeof value !== "object" || value === null) return compact
  const inner = `${indent}  `
  if (isOneLine(compact, indent, name)) return compact
  if (Array.isArray(value)) {
    return list(
      value.map((item) => layout(item, inner, name === "events" ? "event" : "")),
      indent
    )
  }
  const members = Object.entries(value).map(
    ([name, member]) => `${inner}${JSON.stringify(name)}: ${layout(member, inner, name)}`
  )
  return members.length === 0 ? "{}" : `{\n${members.join(",\n")}\n${indent}}`
}

const list = (items: ReadonlyArray<string>, indent: string): string =>
  items.length === 0 ? "[]" : `[\n${items.map((item) => `${indent}  ${item}`).join(",\n")}\n${indent}]`

const sorted = (members: { readonly [name: string]: string }): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.keys(members)
      .toSorted()
      .map((name) => [name, members[name] ?? ""])
  )

const orderedEvent = ({ after, ...content }: Event): Event => (after === undefined ? content : { ...content, after })

const orderedBody = (body: Body): Body => ("events" in body ? { events: body.events.map(orderedEvent) } : body)

/** The members in the order of the text, whether they were recorded or read. */
const ordered = ({ request, response }: Interaction): Interaction => ({
  request: {
    method: request.method,
    origin: request.origin,
    path: request.path,
    ...(request.query === undefined ? {} : { query: request.query }),
    headers: sorted(request.headers),
    ...(request.body === undefined ? {} : { body: orderedBody(request.body) })
  },
  response: {
    status: response.status,
    ...(response.after === undefined ? {} : { after: response.after }),
    headers: sorted(response.headers),
    ...(response.isIncomplete === undefined ? {} : { isIncomplete: response.isIncomplete }),
    ...(response.body === undefined ? {} : { body: orderedBody(response.body) })
  }
})

/** Interactions with the same request keep their order. */
const sortKey = ({ request }: Interaction): string =>
  `${request.path} ${request.method} ${request.origin} ${CanonicalJson.stringify(request)}`

/** The interactions in the order of the text: by request, not by when they were recorded. */
const inOrder = (interactions: ReadonlyArray<Interaction>): ReadonlyArray<Interaction> =>
  interactions
    .map(ordered)
    .map((interaction) => ({ interaction, key: sortKey(interaction) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ interaction }) => interaction)

/** The text of a cassette. */
export const render = (interactions: ReadonlyArray<Interaction>): string => {
  const blocks = inOrder(interactions).map((interaction) => layoutBlock(interaction))
  return `{\n  "format": "${format}",\n  "version": ${version},\n  "interactions": ${list(blocks, "  ")}\n}\n`
}

const layoutBlock = ({ request, response }: Interaction): string => {
  const indent = "      "
  return (
    `{\n${indent}"request": ${layout(request, indent, "request")},\n` +
    `${indent}"response": ${layout(response, indent, "response")}\n    }`
  )
}

const Head = Schema.Struct({ format: Schema.Literal(format), version: Schema.Int })
const File = Schema.Struct({ interactions: Schema.Array(Interaction) })

const decodeHead = Schema.decodeUnknownResult(Head)
const decodeFile = Schema.decodeUnknownResult(File)
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** Values are not quoted: they can be part of a prompt. */
const describeIssue = (issue: SchemaIssue.Issue): { readonly path: string } => {
  const steps = (formatIssue(issue).issues[0]?.path ?? []).map((step) => (typeof step === "object" ? step.key : step))
  return {
    path: steps.reduce<string>(
      (path, step) => (typeof step === "number" ? MemberPath.item(path, step) : MemberPath.member(path, String(step))),
      ""
    )
  }
}

/** The position that engines report, as a line. */
const lineOf = (text: string, cause: unknown): string => {
  const position = /position (\d+)/.exec(cause instanceof Error ? cause.message : "")?.[1]
  return position === undefined ? "" : ` at line ${text.slice(0, Number(position)).split("\n").length}`
}

const restore = "restore it from version control, or delete it and record it again"

type ReadResult = Result.Result<ReadonlyArray<Interaction>, CassetteFormatError | CassetteVersionError>

const damaged = (cassette: string, path: string, what: string): ReadResult =>
  Result.fail(new CassetteFormatError({ message: `The cassette ${cassette} ${what}: ${restore}`, cassette, path }))

const readValue = (cassette: string, value: unknown): ReadResult => {
  const head = decodeHead(value)
  if (Result.isFailure(head)) {
    return damaged(cassette, describeIssue(head.failure.issue).path, "is not the text of a cassette")
  }
  if (head.success.version > version) {
    return Result.fail(
      new CassetteVersionError({
        message:
          `The cassette ${cassette} has version ${head.success.version} of the format, and this version of ` +
          `@kimi-effect/testing reads up to ${version}: update the package, or record the cassette again`,
        cassette,
        version: head.success.version,
        supported: version
      })
    )
  }
  if (head.success.version < 1) return damaged(cassette, "version", "has an invalid version")
  const file = decodeFile(value)
  if (Result.isSuccess(file)) return Result.succeed(file.success.interactions)
  const { path } = describeIssue(file.failure.issue)
  return damaged(cassette, path, `is damaged at ${path}`)
}

/** Reads the text of a cassette. */
export const parse = (
  cassette: string,
  text: string
): Effect.Effect<ReadonlyArray<Interaction>, CassetteFormatError | CassetteVersionError> =>
  Effect.suspend(() => {
    if (BoundedJson.isTooDeep(text)) return Effect.fromResult(damaged(cassette, "", "is nested too deeply"))
    const value = Result.try((): unknown => JSON.parse(text.replace(/^\uFEFF/, "")))
    return Effect.fromResult(
      Result.isSuccess(value)
        ? readValue(cassette, value.success)
        : damaged(cassette, "", `is not JSON${lineOf(text, value.failure)}`)
    )
  })
