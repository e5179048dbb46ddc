// Markup from our own figures (never from a file or a user) in place of what was there.
const roots = new WeakMap();

export default function ({ data, parentElement }) {
  let root = roots.get(parentElement);
  if (root === undefined || !root.isConnected) {
    root = document.createElement("div");
    root.className = "root";
    roots.set(parentElement, root);
    parentElement.append(root);
  }
  root.innerHTML = data.markup;
}
