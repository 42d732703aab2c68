import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { getJson, onDenied, token } from "./api";
import { dateTime, duration } from "./format";
import { start, stop, useLive } from "./live";
import { lazy } from "./parts/hooks";
import { applyTheme, toggleTheme, useTheme } from "./theme";
import "./style.css";

const pages = {
  overview: { title: "Overview", page: lazy(() => import("./pages/Overview")) },
  routes: { title: "Routes", page: lazy(() => import("./pages/Routes")) },
  cache: { title: "Cache", page: lazy(() => import("./pages/Cache")) },
  database: { title: "Database", page: lazy(() => import("./pages/Database")) },
  model: { title: "Model", page: lazy(() => import("./pages/Model")) },
  runs: { title: "Runs", page: lazy(() => import("./pages/Runs")) },
  switches: { title: "Switches", page: lazy(() => import("./pages/Switches")) },
  audit: { title: "Audit", page: lazy(() => import("./pages/Audit")) },
  stocks: { title: "Stocks", page: lazy(() => import("./pages/Stocks")) },
};

type PageName = keyof typeof pages;

interface Info {
  service: string;
  version: string;
  startedAt: string;
}

const here = (): PageName => {
  const name = location.hash.slice(2).split("/")[0] as PageName;
  return name in pages ? name : "overview";
};

function Gate({ enter }: { enter: () => void }) {
  const [value, setValue] = useState("");
  const [error, setError] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    token.set(value.trim());
    try {
      await getJson("info");
      enter();
    } catch (problem) {
      token.clear();
      setError((problem as Error).message);
    }
  };
  return (
    <main class="gate">
      <form onSubmit={submit}>
        <img src="icon.svg" alt="" width="44" height="44" />
        <h1>Fettle</h1>
        <label for="token">Admin token</label>
        <input id="token" type="password" autocomplete="current-password" autofocus value={value} onInput={(event) => setValue(event.currentTarget.value)} />
        {error && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
        <button class="primary" type="submit" disabled={!value.trim()}>
          Open
        </button>
        <p class="quiet">
          The value of <code>FETTLE_ADMIN_TOKEN</code>, or what the service printed when it started. It stays in this tab.
        </p>
      </form>
    </main>
  );
}

function Shell({ leave }: { leave: () => void }) {
  const [name, setName] = useState(here());
  const [info, setInfo] = useState<Info>();
  const { state } = useLive();
  const mode = useTheme();
  useEffect(() => {
    const move = () => {
      setName(here());
      document.querySelector("main")?.focus();
    };
    addEventListener("hashchange", move);
    void start();
    getJson<Info>("info").then(setInfo, () => undefined);
    return () => {
      removeEventListener("hashchange", move);
      stop();
    };
  }, []);
  useEffect(() => {
    document.title = `${pages[name].title} · ${info?.service ?? "Fettle"}`;
    // On a narrow screen the list of pages scrolls sideways.
    document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [name, info]);
  const Page = pages[name].page;
  const shown = (Object.keys(pages) as PageName[]).filter((key) => key !== "stocks" || info?.service === "stocks");
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.querySelector("main")?.focus(); }}>
        Skip to the page
      </a>
      <nav aria-label="Pages">
        <div class="brand">
          <img src="icon.svg" alt="" width="26" height="26" />
          <div>
            <strong>{info?.service ?? "Fettle"}</strong>
            {info && <small title={`since ${dateTime(info.startedAt)}`}>{info.version.split("+")[0]} · up {duration(Math.max(0, Date.now() - Date.parse(info.startedAt)))}</small>}
          </div>
        </div>
        <ul>
          {shown.map((key) => (
            <li key={key}>
              <a href={`#/${key}`} aria-current={key === name ? "page" : undefined}>
                {pages[key].title}
              </a>
            </li>
          ))}
        </ul>
        <div class="foot">
          <span class={`state ${state}`} role="status">
            {state}
          </span>
          <button type="button" onClick={toggleTheme}>
            {mode === "dark" ? "Light" : "Dark"}
          </button>
          <button type="button" onClick={leave}>
            Sign out
          </button>
        </div>
      </nav>
      <main id="main" tabIndex={-1}>
        <h1>{pages[name].title}</h1>
        <Page key={name} />
      </main>
    </div>
  );
}

function App() {
  const [open, setOpen] = useState(!!token.get());
  onDenied(() => {
    token.clear();
    setOpen(false);
  });
  return open ? (
    <Shell
      leave={() => {
        token.clear();
        setOpen(false);
      }}
    />
  ) : (
    <Gate enter={() => setOpen(true)} />
  );
}

applyTheme();
render(<App />, document.getElementById("app")!);
if ("serviceWorker" in navigator) navigator.serviceWorker.register("sw.js").catch(() => undefined);
