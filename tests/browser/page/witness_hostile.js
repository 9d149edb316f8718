// Redefines all that a script may call or look up, before any other script of the page, and counts who does.
(() => {
  const { apply, construct, ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect;
  const NativeProxy = Proxy;
  const counts = new Map();
  const { get, set } = Map.prototype;
  const count = (name) => apply(set, counts, [name, (apply(get, counts, [name]) || 0) + 1]);
  const isCounted = (name) => typeof name === "string" && name !== "constructor";
  const trap = (owner, label, name) => {
    const found = getOwnPropertyDescriptor(owner, name);
    if (!found || !found.configurable || typeof found.value !== "function") {
      return;
    }
    found.value = new NativeProxy(found.value, {
      __proto__: null,
      apply(native, thing, given) {
        count(label + "." + name);
        return apply(native, thing, given);
      },
      construct(native, given, made) {
        count("new " + name);
        return construct(native, given, made);
      },
    });
    defineProperty(owner, name, found);
  };
  const OWNERS = {
    Array: Array.prototype, Error: Error.prototype, EventTarget: EventTarget.prototype, Function: Function.prototype,
    Headers: Headers.prototype, JSON, Map: Map.prototype, Node: Node.prototype, Object, Performance: Performance.prototype,
    Promise: Promise.prototype, Reflect, RegExp: RegExp.prototype, Request: Request.prototype, Response: Response.prototype,
    String: String.prototype, URL: URL.prototype, WeakMap: WeakMap.prototype,
  };
  const traps = Object.entries(OWNERS).flatMap(([label, owner]) => ownKeys(owner).filter(isCounted).map(
    (name) => [owner, label, name],
  ));
  for (const name of ["Error", "Proxy", "Promise", "TypeError", "WeakMap", "setTimeout"]) {
    traps.push([self, "self", name]);
  }
  const getters = ["body", "cache", "credentials", "e", "f", "get", "headers", "keepalive", "k", "method", "mode", "redirect",
    "report", "set", "signal", "toJSON", "u", "value", "window"];
  const entries = Map.prototype.entries;
  self.trapped = () => [...apply(entries, counts, [])].map((pair) => pair.join(" "));
  for (let at = 0; at < traps.length; at += 1) {
    trap(traps[at][0], traps[at][1], traps[at][2]);
  }
  for (let at = 0; at < getters.length; at += 1) {
    const name = getters[at];
    defineProperty(Object.prototype, name, {
      __proto__: null, configurable: true, get() { count("getter " + name); }, set(value) {
        count("setter " + name);
        defineProperty(this, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
      },
    });
  }
})();
