/** Embeddings, overrides and isolates, with which a terminal shows other characters in another order. */
export const reorderings = /[\u202A-\u202E\u2066-\u2069]/g
