import { setNonce } from "get-nonce";

const meta = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]');

/** What the server allows this page's style elements by; it is another one for each load. */
export const STYLE_NONCE = meta?.content ?? "";

setNonce(STYLE_NONCE); // for what locks scrolling behind a dialog
