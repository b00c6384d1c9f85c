/** Clients whose stages are configured by an environment, against a mock server. */
import { assert } from "@effect/vitest"
import type * as Settings from "@kimi-effect/core/Settings"
import { Reply } from "@kimi-effect/testing"
import { ConfigProvider, Context, Effect, Layer } from "effect"
import { KimiClient } from "../../../src/KimiClient.ts"
import * as KimiNode from "../../../src/node/KimiNode.ts"
import { hello, type Server } from "./kimi.ts"

export type Variables = Record<string, string>

export const variablesFor = (server: Server, variables: Variables): Variables => ({
  KIMI_API_KEY: "sk-test",
  KIMI_BASE_URL: server.url,
  KIMI_RETRY_BASE_DELAY: "1 millis",
  ...variables
})

export const environment = (variables: Variables) => ConfigProvider.layer(ConfigProvider.fromEnv({ env: variables }))

/** A client whose configuration is the given environment. */
export const connect = (server: Server, variables: Variables, overrides?: Settings.Options) =>
  Effect.map(
    Layer.build(Layer.provide(KimiNode.layerConfig(overrides), environment(variablesFor(server, variables)))),
    Context.get(KimiClient)
  )

/** The names of a configuration error with what is expected. */
export const issuesOf = <A, E>(layer: Layer.Layer<A, E>) =>
  Effect.map(Effect.flip(Effect.scoped(Layer.build(layer))), (error) => {
    assert.isTrue(typeof error === "object" && error !== null && "issues" in error)
    return (error as { readonly issues: ReadonlyArray<{ readonly name: string; readonly expected: string }> }).issues
  })

export const countRequests = (server: Server) => Effect.map(server.requests, (requests) => requests.length)

// 88 tokens of prompt by estimate at 3 dollars a million, and 100 of output at 15: 1,764 millionths.
export const small = { ...hello, max_completion_tokens: 100 }
export const other = { messages: [{ role: "user" as const, content: "Good evening!" }], max_completion_tokens: 100 }
export const used = Reply.chatResponse({ content: "hello", usage: { prompt_tokens: 93, completion_tokens: 47 } })
