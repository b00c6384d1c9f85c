/** Reads the lines of an audit log one by one into the traffic of a simulation. */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { RecordedCall, RecordedTraffic } from "../../simulator/RecordedTraffic.ts"
import * as TypicalSizes from "./typicalSizes.ts"

const Tokens = Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))

/** The members of a line that a simulation uses. */
const CallLine = Schema.Struct({
  event: Schema.Literal("call"),
  id: Schema.String,
  startedAt: Schema.String,
  operation: Schema.Literals(["chat", "stream"]),
  model: Schema.NonEmptyString,
  cached: Schema.optionalKey(Schema.String),
  promptTokens: Tokens,
  completionTokens: Tokens,
  tenant: Schema.optionalKey(Schema.String),
  job: Schema.optionalKey(Schema.String),
  agent: Schema.optionalKey(Schema.String)
})

const GapLine = Schema.Struct({
  event: Schema.Literal("gap"),
  id: Schema.String,
  dropped: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
})

type CallLine = typeof CallLine.Type

const decodeLine = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Union([CallLine, GapLine])))

/** A line with its time and, where it has usage, its sizes. */
interface ReadCall {
  readonly line: CallLine
  readonly startedAt: number
  readonly sizes: TypicalSizes.Sizes | undefined
}

/** What equal prompts have in common in a log, which contains no prompts. */
const promptName = ({ completionTokens, promptTokens }: CallLine): string => `${promptTokens}/${completionTokens}`

const tagsOf = ({ agent, job, tenant }: CallLine): Pick<RecordedCall, "tenant" | "job" | "agent"> => ({
  ...(tenant === undefined ? {} : { tenant }),
  ...(job === undefined ? {} : { job }),
  ...(agent === undefined ? {} : { agent })
})

const noTraffic = (expected: string): Effect.Effect<never, ConfigurationError> =>
  Effect.fail(ConfigurationError.of([{ name: "audit", expected }]))

export class AuditReader {
  readonly #calls: Array<ReadCall> = []
  readonly #ids = new Set<string>()
  /** The prompts that a cached response had. */
  readonly #cachedPrompts = new Set<string>()
  #damaged = 0
  #repeated = 0
  #dropped = 0

  /** Adds a line. An empty one is ignored. */
  add(text: string): void {
    if (text.trim() === "") return
    const line = Option.getOrUndefined(decodeLine(text))
    if (line === undefined) {
      this.#damaged += 1
      return
    }
    if (this.#ids.has(line.id)) {
      this.#repeated += 1
      return
    }
    this.#ids.add(line.id)
    if (line.event === "gap") this.#dropped += line.dropped
    else this.#addCall(line)
  }

  #addCall(line: CallLine): void {
    const startedAt = Date.parse(line.startedAt)
    if (!Number.isFinite(startedAt)) {
      this.#damaged += 1
      return
    }
    const { completionTokens, promptTokens } = line
    const sizes =
      promptTokens === undefined || completionTokens === undefined
        ? undefined
        : { promptTokens, outputTokens: completionTokens }
    if (line.cached !== undefined && sizes !== undefined) this.#cachedPrompts.add(promptName(line))
    this.#calls.push({ line, startedAt, sizes })
  }

  /** The traffic of all lines. */
  get traffic(): Effect.Effect<RecordedTraffic, ConfigurationError> {
    const sized = this.#calls.flatMap(({ line, sizes }) => (sizes === undefined ? [] : [{ model: line.model, sizes }]))
    if (this.#calls.length === 0) {
      return noTraffic(`lines of an audit log; none of ${this.#damaged + this.#repeated} lines is a call`)
    }
    if (sized.length === 0) return noTraffic("at least one call with usage; all of them failed")
    const typical = TypicalSizes.make(sized)
    const calls = this.#calls
      .map(({ line, sizes, startedAt }): RecordedCall => {
        const isRepeatable = sizes !== undefined && this.#cachedPrompts.has(promptName(line))
        return {
          startedAt,
          isStream: line.operation === "stream",
          model: line.model,
          ...(sizes ?? typical(line.model)),
          ...(isRepeatable ? { prompt: promptName(line) } : {}),
          ...tagsOf(line)
        }
      })
      .toSorted((a, b) => a.startedAt - b.startedAt)
    return Effect.succeed({
      calls,
      unsized: calls.length - sized.length,
      ignored: { damaged: this.#damaged, repeated: this.#repeated, dropped: this.#dropped }
    })
  }
}
