/** A transport with a bug. */
import { Effect, Fiber } from "effect"
import type { Subject } from "../../../src/ScheduleSearch.ts"

/** An interrupted request continues in the background. */
export const orphanSocket: Subject = {
  transport: (transport) => ({
    ...transport,
    chat: (request) => Effect.flatMap(Effect.forkDetach(transport.chat(request)), Fiber.join)
  })
}
