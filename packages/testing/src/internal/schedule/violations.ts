/** Everything that a run has violated. */
import type { Violation } from "../../schedule/Violation.ts"
import * as Money from "./laws/money.ts"
import * as Refreshes from "./laws/refreshes.ts"
import * as Repeats from "./laws/repeats.ts"
import * as Resources from "./laws/resources.ts"
import * as Text from "./laws/text.ts"
import * as Time from "./laws/time.ts"
import type { Outcome } from "./Outcome.ts"

export const violationsOf = (outcome: Outcome): ReadonlyArray<Violation> =>
  [Time, Text, Repeats, Resources, Money, Refreshes].flatMap(({ check }) => check(outcome))
