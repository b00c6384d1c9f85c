/**
 * Options of the connection to the host.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { inGroup, type Texts } from "./ConfigOption.ts"
import * as OptionForm from "./OptionForm.ts"
import * as ProxyForm from "./ProxyForm.ts"

/**
 * The hosts that the library describes. `custom` needs a base URL.
 *
 * @category models
 * @since 0.1.0
 */
export const providerIds = ["moonshot", "moonshot-cn", "together", "openrouter", "ollama", "custom"] as const

/** Visible ASCII, because the key is sent in a header. */
const redactedKey = OptionForm.fromCodec(
  Schema.RedactedFromValue(Schema.String.check(Schema.isPattern(/^[\x21-\x7e]+$/)), { disallowEncode: true }),
  "an API key of visible ASCII characters without spaces",
  () => "<redacted>"
)

const apiKey: typeof redactedKey = {
  ...redactedKey,
  fromInput: (input) =>
    Redacted.isRedacted(input)
      ? redactedKey.fromInput(input)
      : Result.fail([
          { at: "", expected: "a redacted API key: use Redacted.make(key), or for Kimi.make the text itself" }
        ])
}

const isBaseUrl = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && `${url.username}${url.password}` === "" && !/[?#]/.test(text)
}

const baseUrl = OptionForm.fromCodec(
  Schema.String.check(Schema.makeFilter(isBaseUrl)),
  "an http or https URL without user, query and fragment"
)

const accountName = OptionForm.fromCodec(
  Schema.String.check(Schema.isPattern(/^[A-Za-z0-9._-]{1,64}$/)),
  "a name of up to 64 letters, digits, dots, hyphens and underscores"
)

const option = inGroup("connection", "in place")

/**
 * @category options
 * @since 0.1.0
 */
export const connection = {
  provider: option(OptionForm.words(providerIds, `one of ${providerIds.join(", ")}`), {
    default: "moonshot"
  }),
  apiKey: option(apiKey),
  baseUrl: option(baseUrl),
  account: option(accountName),
  allowPlainHttp: option(OptionForm.flag, {
    default: false
  }),
  proxy: option(ProxyForm.proxy, {
    default: "environment"
  }),
  headers: option(ProxyForm.headers),
  maxConnections: option(OptionForm.count),
  maxResponseBytes: option(OptionForm.bytes, {
    default: 512 * 1024 * 1024
  }),
  maxContentBytes: option(OptionForm.bytes, {
    default: 64 * 1024 * 1024
  }),
  maxEventBytes: option(OptionForm.bytes, {
    default: 10 * 1024 * 1024
  }),
  maxToolArgumentBytes: option(OptionForm.bytes, {
    default: 1024 * 1024
  })
}

/**
 * @category options
 * @since 0.1.0
 */
export const connectionTexts: Texts<keyof typeof connection> = {
  provider: { description: "The host to call; `moonshot` is the global one." },
  apiKey: { defaultText: "`MOONSHOT_API_KEY`", description: "The API key. Required except by `ollama` and `custom`." },
  baseUrl: {
    defaultText: "the host's",
    description:
      "Base URL that replaces the default of the host, including the version, such as `https://api.moonshot.ai/v1`. Required by `custom`."
  },
  account: {
    defaultText: "the id of the host",
    description:
      "Name of the account in circuits, limits and accounting. Clients that share these and differ in key or base URL need different names."
  },
  allowPlainHttp: { description: "Whether `http://` is allowed for hosts other than this machine." },
  proxy: {
    description:
      "Proxy for all calls on Node: a URL, `off`, or the one in `HTTPS_PROXY` or `HTTP_PROXY` except for hosts in `NO_PROXY`, in upper or lower case. The URL may contain a user and a password, but not on a command line. A provided `HttpClient` has its own proxy."
  },
  headers: {
    defaultText: "none",
    description:
      'Headers of every request in addition to the library\'s, as a JSON object such as `{ "x-team": "search" }`. They are sent to the client\'s own host only; a fallback step at another host has its own.'
  },
  maxConnections: {
    defaultText: "256, or 16 more than `maxConcurrency` or the tier's concurrency if that is more",
    description:
      "Maximum number of connections to the host. Each carries one call, or over HTTP/2 as many as the host allows, up to 100; further calls wait for `poolTimeout`. A provided `HttpClient` has its own pool."
  },
  maxResponseBytes: {
    description:
      "Maximum size of a response as transferred, plain or streamed. A chunk of a stream has up to 512 bytes for each token, and the longest response of the catalogue about a million tokens."
  },
  maxContentBytes: {
    description:
      "Maximum memory for the content of a response: two bytes for each byte of a plain response or character of a stream, and 32 for each delta of a stream."
  },
  maxEventBytes: { description: "Maximum size of one event of a stream." },
  maxToolArgumentBytes: { description: "Maximum size of the arguments of one tool call." }
}
