/** Which requests are the same for a cassette, and where two requests differ. */
import * as CanonicalJson from "@kimi-effect/core/internal/CanonicalJson"
import type { Body, RecordedRequest } from "../../cassette/Interaction.ts"
import type { MatchOptions } from "../../cassette/Matching.ts"
import * as MemberPath from "./memberPath.ts"

/** What is compared of requests. */
export interface Matcher {
  /** Members of JSON bodies that are not compared. */
  readonly ignore: ReadonlyArray<MemberPath.Pattern>
  /** Names of the headers that are compared, in lower case. */
  readonly headers: ReadonlyArray<string>
  readonly isOriginCompared: boolean
}

/** The comparison that the options describe. */
export const matcherOf = ({ headers = [], ignore = [], origin = false }: MatchOptions = {}): Matcher => ({
  ignore: ignore.map(MemberPath.parse),
  headers: headers.map((name) => name.toLowerCase()),
  isOriginCompared: origin
})

const comparedBody = (body: Body | undefined, { ignore }: Matcher): unknown =>
  body !== undefined && "json" in body ? { json: MemberPath.omit(body.json, ignore) } : (body ?? null)

/** What is compared of a request, as one JSON value. */
const compared = (request: RecordedRequest, matcher: Matcher): { readonly [part: string]: unknown } => ({
  method: request.method,
  ...(matcher.isOriginCompared ? { origin: request.origin } : {}),
  path: request.path,
  query: request.query ?? "",
  headers: Object.fromEntries(matcher.headers.map((name) => [name, request.headers[name] ?? null])),
  body: comparedBody(request.body, matcher)
})

/** A text that is equal for requests that are the same. */
export const identityOf = (request: RecordedRequest, matcher: Matcher): string =>
  CanonicalJson.stringify(compared(request, matcher))

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null

/** Adds the paths of the innermost members in which the values differ. */
const collect = (one: unknown, other: unknown, path: string, into: Array<string>): void => {
  if (Object.is(one, other)) return
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) return void into.push(path)
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const inner = Array.isArray(one) ? MemberPath.item(path, Number(name)) : MemberPath.member(path, name)
    collect(read(one, name), read(other, name), inner, into)
  }
}

const absent = Symbol("absent")

const read = (value: { readonly [name: string]: unknown }, name: string): unknown =>
  Object.hasOwn(value, name) ? value[name] : absent

/** Paths of the members in which two requests differ; those of JSON bodies without `body.json`. */
export const differences = (one: RecordedRequest, other: RecordedRequest, matcher: Matcher): ReadonlyArray<string> => {
  const found: Array<string> = []
  collect(compared(one, matcher), compared(other, matcher), "", found)
  return found.map((path) => path.replace(/^body\.json\.?(?=.)/, ""))
}
