/** Effect's bare HTTP client on platform-node's undici: no schema, no checks, no timeouts. For information. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as Sse from "effect/encoding/Sse"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import { apiKey, type Contestant, messages, model } from "./Contestant.ts"

interface Chunk {
  readonly choices: ReadonlyArray<{
    readonly delta: { readonly content?: string; readonly reasoning_content?: string }
  }>
}

interface Completion {
  readonly choices: ReadonlyArray<{ readonly message: { readonly content: string } }>
}

export const make = (): Contestant => {
  const runtime = ManagedRuntime.make(NodeHttpClient.layerUndiciOptions({ connections: 1024 }))

  const post = (baseUrl: string, stream: boolean) =>
    HttpClient.execute(
      HttpClientRequest.post(`${baseUrl}/chat/completions`).pipe(
        HttpClientRequest.bearerToken(apiKey),
        HttpClientRequest.bodyText(
          JSON.stringify({
            model,
            messages,
            ...(stream ? { stream, stream_options: { include_usage: true } } : {})
          }),
          "application/json"
        )
      )
    ).pipe(Effect.provideService(HttpClient.TracerDisabledWhen, () => true))

  const pieces = (baseUrl: string) =>
    Stream.unwrap(Effect.map(post(baseUrl, true), (response) => response.stream)).pipe(
      Stream.decodeText(),
      Stream.pipeThroughChannel(Sse.decode()),
      Stream.filter((event) => {
        if (event.data === "[DONE]") return false
        const delta = (JSON.parse(event.data) as Chunk).choices[0]?.delta
        return Boolean(delta?.content || delta?.reasoning_content)
      })
    )

  return {
    name: "effect-http",
    chat: (baseUrl) =>
      runtime.runPromise(
        Effect.map(
          Effect.flatMap(post(baseUrl, false), (response) => response.json),
          (body) => (body as unknown as Completion).choices[0]?.message.content ?? ""
        )
      ),
    stream: (baseUrl) => runtime.runPromise(Stream.runCount(pieces(baseUrl))),
    hold: (baseUrl) =>
      new Promise((resolve, reject) => {
        runtime.runPromise(Stream.runForEach(pieces(baseUrl), () => Effect.sync(() => resolve()))).catch(reject)
      }),
    close: () => runtime.dispose()
  }
}
