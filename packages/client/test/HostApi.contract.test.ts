import { describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { Fault, Reply } from "@kimi-effect/testing"
import { HostApiContract } from "@kimi-effect/testing/contract"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import * as HostApi from "../src/HostApi.ts"
import * as UndiciHttpClient from "../src/node/UndiciHttpClient.ts"
import { key } from "./node/support/kimi.ts"

const replyOf = (response: HostApiContract.Response): Reply.Reply =>
  response._tag === "Stalls"
    ? Reply.body("", { fault: Fault.StallBeforeHeaders() })
    : Reply.body(response.body, { status: response.status, headers: { "content-type": "application/json" } })

const suite = (client: Layer.Layer<HttpClient.HttpClient, unknown, KimiConfig.KimiConfig>) =>
  HostApiContract.suite(it, (response) =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      for (const method of ["GET", "POST"]) yield* server.replyAt(`${method} /v1/contract`, replyOf(response))
      return {
        api: HostApi.layerHttp.pipe(
          Layer.provide(client),
          Layer.provide(KimiConfig.layer({ apiKey: Redacted.make(key), baseUrl: server.url }))
        ),
        requests: server.requests,
        aborted: server.aborted
      }
    })
  )

describe("an API over the HTTP client of Node", () => suite(UndiciHttpClient.layer))

describe("an API over fetch", () => suite(FetchHttpClient.layer))

describe("an API that is off", () => {
  HostApiContract.suiteOff(it, Layer.provide(HostApi.layerOff, KimiConfig.layer({ apiKey: Redacted.make(key) })))
})
