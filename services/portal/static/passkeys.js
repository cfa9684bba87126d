// Asks the device for a passkey when a form with `data-passkey` is sent, and sends what it answers with the form.
// Forms stay hidden where there is no script, or no passkeys.
"use strict";

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const withBytes = (credentials) => (credentials || []).map((each) => ({ ...each, id: toBytes(each.id) }));

async function ask(form) {
  const answer = await fetch(form.getAttribute("action") + "/options", {
    method: "POST",
    headers: { "X-CSRF-Token": form.elements.csrf_token.value },
  });
  // Before a passkey is made one has to show who one is: the answer leads there.
  if (answer.redirected) return new Promise(() => location.assign(answer.url));
  if (!answer.ok) throw new Error(answer.status);
  const options = await answer.json();
  const publicKey = { ...options, challenge: toBytes(options.challenge) };
  if (form.dataset.passkey === "use") {
    publicKey.allowCredentials = withBytes(options.allowCredentials);
    return navigator.credentials.get({ publicKey });
  }
  publicKey.user = { ...options.user, id: toBytes(options.user.id) };
  publicKey.excludeCredentials = withBytes(options.excludeCredentials);
  return navigator.credentials.create({ publicKey });
}

function asJson(credential) {
  const given = credential.response;
  const response = { clientDataJSON: toText(given.clientDataJSON) };
  if (given.attestationObject) {
    response.attestationObject = toText(given.attestationObject);
    response.transports = given.getTransports ? given.getTransports() : [];
  } else {
    response.authenticatorData = toText(given.authenticatorData);
    response.signature = toText(given.signature);
    response.userHandle = given.userHandle ? toText(given.userHandle) : null;
  }
  const { id, type } = credential;
  return JSON.stringify({ id, rawId: toText(credential.rawId), type, response, clientExtensionResults: {} });
}

function prepare(form) {
  const failed = form.querySelector("[data-failed]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      form.elements.credential.value = asJson(await ask(form));
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
}

if (window.PublicKeyCredential) document.querySelectorAll("form[data-passkey]").forEach(prepare);
