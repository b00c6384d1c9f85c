/** What is wrong with the steps of a fallback plan, apart from the options of their hosts. */
import type { ConfigurationIssue } from "@kimi-effect/core/ConfigurationErrors"
import * as Fallback from "@kimi-effect/core/Fallback"
import type { HostStep, Step, TransportStep } from "../FallbackPlan.ts"

type Issue = typeof ConfigurationIssue.Type

const optionNames: ReadonlySet<string> = new Set([
  "provider",
  "apiKey",
  "baseUrl",
  "allowPlainHttp",
  "headers",
  "transport",
  "hostApi",
  "model",
  "requestPolicy",
  "account",
  "on",
  "tier",
  "maxConcurrency",
  "requestsPerMinute",
  "tokensPerMinute",
  "tokensPerDay"
] satisfies ReadonlyArray<keyof HostStep | keyof TransportStep>)

const unknownOptions = (step: Step): ReadonlyArray<Issue> =>
  Object.keys(step)
    .filter((name) => !optionNames.has(name))
    .map((name) => ({ name, expected: `one of ${[...optionNames].join(", ")}` }))

const unknownTags = ({ on = [] }: Step): ReadonlyArray<Issue> =>
  Array.isArray(on) && on.every(Fallback.isTag)
    ? []
    : [{ name: "on", expected: "tags of errors that a call can fail with" }]

/** Unknown option names and error tags of a step. */
export const stepIssues = (step: Step): ReadonlyArray<Issue> => [...unknownOptions(step), ...unknownTags(step)]

/** A plan that is not a list of objects. Its steps cannot be checked any further. */
export const malformedSteps = (steps: ReadonlyArray<Step>, list: string): ReadonlyArray<Issue> => {
  if (!Array.isArray(steps)) return [{ name: list, expected: "a list of steps" }]
  return steps.flatMap((step: unknown, index) =>
    typeof step === "object" && step !== null
      ? []
      : [{ name: `${list}[${index}]`, expected: "an object with the options of a host or a model" }]
  )
}
