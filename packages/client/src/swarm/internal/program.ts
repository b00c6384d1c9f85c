/** What a swarm does, as digests of its parts, so that a changed program is noticed and what has changed is named. */
import * as Digest from "@kimi-effect/core/internal/Digest"
import { JournalMismatchError } from "@kimi-effect/core/JournalErrors"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { PlanNode } from "../SwarmPlan.ts"
import type { SwarmProgram } from "../SwarmState.ts"

/** The digest of a request or of a part of a program. Computed at once: a clock of a test does not wait for Web Crypto. */
export const digestOf = (value: unknown): string => Digest.of(value).toString(36)

/** An orchestrator with its task. */
export const ofTask = (task: string): SwarmProgram => ({ kind: "run", parts: { task: digestOf(task) } })

/** The agents of a plan. A prompt that is a function is compared when it is known. */
export const ofPlan = (nodes: ReadonlyArray<PlanNode>): SwarmProgram => ({
  kind: "plan",
  parts: Object.fromEntries(
    nodes.map(({ agent, id, inputs = {}, prompt }) => [
      id,
      digestOf([Object.keys(inputs), typeof prompt === "string" ? prompt : null, agent?.system ?? ""])
    ])
  )
})

const Digests = Schema.fromJsonString(Schema.Array(Schema.Tuple([Schema.String, Schema.String])))
const decodeDigests = Schema.decodeUnknownOption(Digests)

/** The parts as a text. The order of the agents of a plan does not matter. */
export const encode = ({ parts }: SwarmProgram): string =>
  JSON.stringify(Object.entries(parts).toSorted(([one], [other]) => (one < other ? -1 : 1)))

/** The program of a text that `encode` has made. */
export const decode = (kind: string, text: string): SwarmProgram | undefined =>
  Option.getOrUndefined(Option.map(decodeDigests(text), (parts) => ({ kind, parts: Object.fromEntries(parts) })))

/** Item 2 comes before item 10. */
const { compare } = new Intl.Collator("en", { numeric: true })

/** As many changed parts as an error names. */
const maxNamed = 5

const changed = (parts: ReadonlyArray<string>, recorded: string, actual: string): JournalMismatchError => {
  const more = parts.length > maxNamed ? ` and ${parts.length - maxNamed} more` : ""
  const key = `${parts.slice(0, maxNamed).join(", ")}${more}`
  const message = `The program has changed since the swarm began: ${key}`
  return new JournalMismatchError({ message, key, recorded, actual })
}

/** What has changed from one program to another, undefined if nothing has. */
export const mismatch = (recorded: SwarmProgram, actual: SwarmProgram): JournalMismatchError | undefined => {
  if (recorded.kind !== actual.kind) return changed(["kind of swarm"], recorded.kind, actual.kind)
  const [before, now] = [new Map(Object.entries(recorded.parts)), new Map(Object.entries(actual.parts))]
  const all = [...new Set([...before.keys(), ...now.keys()])]
  const ids = all.filter((id) => before.get(id) !== now.get(id)).toSorted(compare)
  const [first] = ids
  if (first === undefined) return undefined
  const named = ids.map((id) => (!now.has(id) ? `${id} (missing)` : !before.has(id) ? `${id} (new)` : id))
  return changed(named, before.get(first) ?? "none", now.get(first) ?? "none")
}

/** The prompt of an agent, which is not the one that it began with. */
export const promptMismatch = (agent: string, recorded: string, actual: string): JournalMismatchError =>
  changed([`the prompt of ${agent}`], digestOf(recorded), digestOf(actual))
