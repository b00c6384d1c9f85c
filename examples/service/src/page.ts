/** The page for people, which reads the stream. It may run only its own script. */
import { readFileSync } from "node:fs"
import { createHash } from "node:crypto"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

const html = readFileSync(new URL("../public/index.html", import.meta.url), "utf8")

const hashOf = (element: string): string => {
  const text = new RegExp(`<${element}>([^]*?)</${element}>`).exec(html)?.[1] ?? ""
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`
}

const policy = [
  "default-src 'none'",
  "connect-src 'self'",
  `script-src ${hashOf("script")}`,
  `style-src ${hashOf("style")}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

export const page = HttpRouter.add(
  "GET",
  "/",
  HttpServerResponse.html(html).pipe(
    HttpServerResponse.setHeaders({ "content-security-policy": policy, "x-content-type-options": "nosniff" })
  )
)
