/** Prints what a cassette has recorded. */
import { counted } from "@kimi-effect/core/internal/Counted"
import type { Body, Interaction } from "@kimi-effect/testing/Interaction"
import * as Effect from "effect/Effect"
import * as CassetteFile from "../cassetteFile.ts"
import * as Output from "../output.ts"
import type { Replay } from "../schemas/replay.ts"

interface Input {
  readonly cassette: string
  readonly json: boolean
}

const textOf = (body: Body | undefined): string => {
  if (body === undefined) return ""
  if ("json" in body) return JSON.stringify(body.json, undefined, 2)
  if ("text" in body) return body.text
  if ("base64" in body) return `${counted(body.base64.length, "character")} of base64`
  return body.events
    .map((event) => ("json" in event ? JSON.stringify(event.json) : "data" in event ? event.data : event.raw))
    .join("\n")
}

const describe = ({ request, response }: Interaction, index: number): string => {
  const head = `#${index + 1} ${request.method} ${request.origin}${request.path} → ${response.status}`
  const parts = [textOf(request.body), textOf(response.body)].filter((text) => text !== "")
  return [head + (response.isIncomplete === true ? ", broken off" : ""), ...parts].join("\n")
}

export const run = Effect.fnUntraced(function* ({ cassette, json }: Input) {
  const { interactions, name } = yield* CassetteFile.read(cassette)
  const result: Replay = { name, interactions }
  yield* json ? Output.json(result) : Output.line(Output.plain(interactions.map(describe).join("\n\n")))
})
