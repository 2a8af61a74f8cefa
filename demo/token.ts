/** The address ends with the token of the server that this page comes from, if there is one: the other page needs it, too. */
export function keepToken(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.nav > a')) link.hash = location.hash;
}
