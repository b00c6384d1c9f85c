/** A host that knows one thing: the state of a batch. */
import type { KimiError } from "@kimi-effect/core/KimiError"
import { Effect } from "effect"
import * as HostBatch from "../../../src/batch/HostBatch.ts"
import * as HostApi from "../../../src/HostApi.ts"
import { providers } from "../../../src/Provider.ts"

/** A status, or what the host does instead. */
export type Answer = string | Effect.Effect<never, KimiError>

/** A host that answers each question for a batch with the next answer, and with the last one from then on. Any other request is a defect. */
export const hostOf = (answers: ReadonlyArray<Answer>): HostApi.HostApi["Service"] => {
  let asked = 0
  const request = ({ operation, path }: HostApi.HostRequest) =>
    Effect.suspend(() => {
      if (operation !== "batches.get") return Effect.die(`${operation} was requested`)
      const answer = answers[Math.min(asked, answers.length - 1)]
      asked += 1
      if (Effect.isEffect(answer)) return answer
      const id = path.slice("/batches/".length)
      return Effect.succeed({ id, endpoint: "e", input_file_id: "f", completion_window: "24h", status: answer })
    })
  return { provider: providers.moonshot, request: request as HostApi.HostApi["Service"]["request"] }
}

export const service = (host: HostApi.HostApi["Service"], options?: HostBatch.Options) =>
  Effect.provideService(HostBatch.make(options), HostApi.HostApi, host)
