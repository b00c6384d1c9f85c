/** Bugs of the kinds that clients of hosts have had, each in a part that replaces one of the client. */
import type { Subject } from "../../src/ScheduleSearch.ts"
import type { Law } from "../../src/schedule/Violation.ts"
import { ignoredLimits, leakedPermit, lostWakeUp } from "./plantedBugs/admission.ts"
import { lostRefresh, wrongTenant } from "./plantedBugs/cache.ts"
import { doubleProbe } from "./plantedBugs/doubleProbe.ts"
import { doubleRefund } from "./plantedBugs/doubleRefund.ts"
import { orphanSocket } from "./plantedBugs/orphanSocket.ts"
import { clockJump, retryAfterOutput, retryOfFinalErrors, truncatedSuccess } from "./plantedBugs/stages.ts"

/** Each bug with the law that it violates. */
export const plantedBugs: ReadonlyArray<readonly [name: string, bug: Subject, law: Law]> = [
  ["a leaked permit", leakedPermit, "nothing in use"],
  ["a double refund", doubleRefund, "money"],
  ["a truncated success", truncatedSuccess, "complete responses"],
  ["a response of another tenant", wrongTenant, "own responses"],
  ["a lost wake-up", lostWakeUp, "every call ends"],
  ["a double probe", doubleProbe, "one probe"],
  ["a retry after output", retryAfterOutput, "no splices"],
  ["a lost refresh", lostRefresh, "refreshes"],
  ["an orphan socket", orphanSocket, "nothing in use"],
  ["a deadline by the time of day", clockJump, "time limits"],
  ["a retry of a final error", retryOfFinalErrors, "no forbidden repeats"],
  ["limits that are ignored", ignoredLimits, "account limits"]
]
