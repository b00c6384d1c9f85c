/**
 * The option of fallback steps: ids of models at the client's own host, or a
 * list of hosts and models as JSON.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type ConfigOption, inGroup, type Texts, type Value } from "./ConfigOption.ts"
import { connection } from "./Connection.ts"
import { limits } from "./Limits.ts"
import { models } from "./Models.ts"
import * as OptionForm from "./OptionForm.ts"

/** The members of a step, each in the form of the option of that name. */
const stepMembers = {
  provider: connection.provider,
  apiKey: connection.apiKey,
  baseUrl: connection.baseUrl,
  allowPlainHttp: connection.allowPlainHttp,
  headers: connection.headers,
  account: connection.account,
  model: models.model,
  requestPolicy: models.requestPolicy,
  tier: limits.tier,
  maxConcurrency: limits.maxConcurrency,
  requestsPerMinute: limits.requestsPerMinute,
  tokensPerMinute: limits.tokensPerMinute,
  tokensPerDay: limits.tokensPerDay
}

type StepMembers = typeof stepMembers

/**
 * A host and model that is called when those before it cannot respond. What is
 * absent is that of the client, as `FallbackPlan` describes.
 *
 * @category models
 * @since 0.1.0
 */
export type FallbackStep = {
  readonly [K in keyof StepMembers]?: Value<StepMembers[K]> | undefined
} & {
  /** Tags of the errors after which the step is tried. */
  readonly on?: ReadonlyArray<string> | undefined
}

type Steps = ReadonlyArray<FallbackStep>

const expected = 'ids of models with semicolons between, a JSON list such as [{ "provider": "ollama" }], or off'

const tags = OptionForm.list(
  OptionForm.fromCodec(Schema.String, "the tag of an error"),
  "a list of tags of errors that a call can fail with"
)

type Read = "fromSource" | "fromInput"

const fail = (at: string, form: string): OptionForm.Decoded<never> => Result.fail([{ at, expected: form }])

const isMember = (name: string): name is keyof StepMembers => Object.hasOwn(stepMembers, name)

const memberNames = [...Object.keys(stepMembers), "on"].join(", ")

const readMember = (name: string, found: unknown, read: Read): OptionForm.Decoded<unknown> => {
  if (name === "on") return tags[read](found)
  if (!isMember(name)) return fail("", `one of ${memberNames}`)
  const row: ConfigOption<unknown, unknown, unknown> = stepMembers[name]
  // Numbers and booleans of JSON, where a source would hold texts.
  const isPlain = read === "fromSource" && (typeof found === "number" || typeof found === "boolean")
  return row[read](isPlain ? String(found) : found)
}

const readStep = (step: unknown, at: string, read: Read): OptionForm.Decoded<FallbackStep> => {
  if (typeof step !== "object" || step === null || Array.isArray(step)) {
    return fail(at, "an object that names a host or a model")
  }
  const members: Array<readonly [string, unknown]> = []
  const problems: Array<OptionForm.Problem> = []
  for (const [name, found] of Object.entries(step)) {
    if (found === undefined || found === null) continue
    const member = readMember(name, found, read)
    if (Result.isSuccess(member)) members.push([name, member.success])
    else problems.push(...member.failure.map((problem) => ({ ...problem, at: `${at}.${name}${problem.at}` })))
  }
  // Every member was read in the form of its name.
  return problems.length === 0 ? Result.succeed(Object.fromEntries(members) as FallbackStep) : Result.fail(problems)
}

const readSteps = (steps: unknown, read: Read): OptionForm.Decoded<Steps> => {
  if (!Array.isArray(steps)) return fail("", expected)
  const each = steps.map((step, index) => readStep(step, `[${index}]`, read))
  const problems = each.flatMap((step) => (Result.isFailure(step) ? step.failure : []))
  return problems.length > 0
    ? Result.fail(problems)
    : Result.succeed(each.flatMap((step) => (Result.isSuccess(step) ? [step.success] : [])))
}

const parseJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const readText = (text: string): OptionForm.Decoded<Steps> => {
  if (text === "off") return Result.succeed([])
  if (text.trimStart().startsWith("[")) {
    return Option.match(parseJson(text), {
      onNone: () => fail("", expected),
      onSome: (steps) => readSteps(steps, "fromSource")
    })
  }
  // A step without its list, which is no id of a model.
  if (text.trimStart().startsWith("{")) return fail("", expected)
  const ids = text.split(";").map((id) => id.trim())
  return ids.every((id) => id !== "" && !/\s/.test(id))
    ? Result.succeed(ids.map((model) => ({ model })))
    : fail("", expected)
}

const form: OptionForm.OptionForm<Steps, Steps | string> = {
  expected,
  fromSource: (found) => (typeof found === "string" ? readText(found) : readSteps(found, "fromSource")),
  fromInput: (input) => (typeof input === "string" ? readText(input) : readSteps(input, "fromInput")),
  format: (steps) => steps.map(({ model = "", provider = "" }) => `${provider} ${model}`.trim()).join("; ") || "off"
}

/**
 * @category options
 * @since 0.1.0
 */
export const fallback = {
  fallback: inGroup("models", "in place")(form, {
    default: []
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const fallbackTexts: Texts<keyof typeof fallback> = {
  fallback: {
    description:
      "Where a call goes when its host cannot respond, in this order: models at the same host with the same key, such as `kimi-k2.6; kimi-k2.5`, or a JSON list of steps with `provider`, `apiKey`, `baseUrl`, `model`, `account`, `on` and limits. Another host needs its own `apiKey`, which no flag takes."
  }
}
