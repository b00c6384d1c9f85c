/** A failing schedule as text. */
import type { Failure } from "../../ScheduleSearch.ts"
import type { HostAction, ScheduledCall } from "../../schedule/CallSchedule.ts"

const formatAction = ({ break: end, delay, failure, kind, pace, words }: HostAction): string => {
  const sent = `${words} ${words === 1 ? "word" : "words"}, each after ${pace} ms`
  switch (kind) {
    case "whole":
      return `after ${delay} ms ${sent}`
    case "failure":
      return `after ${delay} ms ${failure}`
    case "break":
      return `after ${delay} ms ${sent}, then ${end}`
    case "silence":
      return "silence"
  }
}

const formatCall = (call: ScheduledCall, index: number): string =>
  [
    `  ${index}: at ${call.startsAt} ms a ${call.kind} of client ${call.client}`,
    `tenant ${call.tenant}`,
    call.priority,
    call.prompt < 0 ? "unique prompt" : `prompt ${call.prompt}`,
    ...(call.takes < 0 ? [] : [`leaves after ${call.takes} events`]),
    ...(call.leavesAfter < 0 ? [] : [`interrupted after ${call.leavesAfter} ms`]),
    ...(call.pace === 0 ? [] : [`${call.pace} ms for each event`]),
    ...call.actions.map((action, attempt) => `attempt ${attempt + 1}: ${formatAction(action)}`)
  ].join("; ")

export const formatFailure = ({ original, runs, schedule, seed, violations }: Failure): string =>
  [
    `Schedule ${runs} violates a law. Its seed is "${seed}" (${original.calls.length} calls).`,
    "",
    "Violations:",
    ...violations.map(({ law, message }) => `  ${law}: ${message}`),
    "",
    `The smallest schedule (${schedule.calls.length} calls):`,
    `  settings: ${JSON.stringify(schedule.settings)}`,
    ...schedule.jumps.map(({ at, by }) => `  at ${at} ms the time of day is set by ${by} ms`),
    ...schedule.calls.map(formatCall),
    "",
    `As data, for ScheduleSearch.replay: ${JSON.stringify(schedule)}`
  ].join("\n")
