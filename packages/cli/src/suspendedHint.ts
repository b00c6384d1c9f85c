/** What to change after a swarm was suspended: what removes the cause, and how its work is continued. */
import { table, type Tag } from "@kimi-effect/core/ErrorFacts"
import type { SwarmSuspendedError } from "@kimi-effect/core/SwarmErrors"

const isTag = (reason: string): reason is Tag => Object.hasOwn(table, reason)

const causeHint = ({ reason }: SwarmSuspendedError): string =>
  isTag(reason) && table[reason].category === "authentication"
    ? table[reason].hint
    : "Top up the account or wait for its quota."

/** `how` ends with the command that continues the swarm. */
export const recorded = (error: SwarmSuspendedError, how: string): string => `${causeHint(error)} Then ${how}`

/** A swarm without a journal has no id to resume it by. */
export const unrecorded = (error: SwarmSuspendedError): string =>
  `${causeHint(error)} Then run the command again; with --journal, a swarm can be continued.`
