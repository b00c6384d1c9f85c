/** Runs an agent from a state to its outcome: takes the next action until there is none. */
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { CurrentMoneyServices, fromContext, type MoneyServices } from "@kimi-effect/core/internal/MoneyServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ClientMoney from "../../../internal/clientMoney.ts"
import type { KimiClient } from "../../../KimiClient.ts"
import { type AgentError, AgentResult, type Outcome } from "../../AgentResult.ts"
import * as AgentState from "../../AgentState.ts"
import { callModel } from "./callModel.ts"
import { callTools } from "./callTools.ts"
import { deadlineExceeded } from "./limits.ts"
import { next } from "./next.ts"
import type { Session } from "./Session.ts"

/** Interrupts an action when the time of the run is over. */
const withinTime = <A, R, R2>(
  session: Session<R>,
  action: Effect.Effect<A, AgentError, R2>
): Effect.Effect<A, AgentError, R2> =>
  Number.isFinite(session.settings.limits.millis)
    ? Effect.timeoutOrElse(action, {
        duration: Math.max(0, session.remaining),
        orElse: () => Effect.fail(deadlineExceeded(session.settings.limits))
      })
    : action

const actions = <R>(client: KimiClient["Service"], session: Session<R>): Effect.Effect<Outcome, AgentError, R> =>
  Effect.gen(function* () {
    for (;;) {
      const action = next(session.touch(), session.settings.limits)
      switch (action._tag) {
        case "CallModel":
          yield* withinTime(session, callModel(client, session))
          break
        case "RunTools":
          yield* withinTime(session, callTools(session, action.calls))
          break
        case "AwaitApprovals":
          return { _tag: "ApprovalRequired", approvals: AgentState.approvals(session.state) }
        case "Finish":
          return { _tag: "Finished", finishReason: action.finishReason }
        case "Stop":
          return { _tag: "Stopped", error: action.error }
      }
    }
  })

/** Where tools enter what they cost: with the client of the run, attributed to its agent. */
const moneyOf = <R>(client: KimiClient["Service"], { state }: Session<R>): Effect.Effect<MoneyServices> =>
  Effect.gen(function* () {
    const { accounting, budget } = (yield* ClientMoney.of(client)) ?? (yield* fromContext)
    return { accounting, budget, withTags: CallOptions.provide({ agent: state.agent }) }
  })

/** Runs an agent. An error is an outcome; an interrupted run stores its state. */
export const drive = <R>(client: KimiClient["Service"], session: Session<R>): Effect.Effect<AgentResult, never, R> =>
  actions(client, session).pipe(
    Effect.catch((error) => Effect.succeed<Outcome>({ _tag: "Stopped", error })),
    Effect.map((outcome) => new AgentResult(outcome, session.touch())),
    Effect.onExit((exit) => {
      if (Exit.isSuccess(exit) && exit.value.outcome._tag !== "Stopped") return Effect.void
      session.touch()
      return Effect.ignore(session.checkpoint)
    }),
    Effect.provideService(CurrentMoneyServices, moneyOf(client, session))
  )
