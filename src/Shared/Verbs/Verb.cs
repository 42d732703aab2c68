namespace Fettle.Shared.Verbs;

/// <summary>One verb of the command line: who runs it and the line that help shows.</summary>
internal sealed record Verb(string Name, VerbOwner Owner, string Summary);

/// <summary>Cli runs what needs no service code, Host what does; the launcher picks by this.</summary>
internal enum VerbOwner
{
    Cli,
    Host,
}

/// <summary>Every verb of <c>fettle</c>, in the order in which help lists them.</summary>
internal static class VerbCatalog
{
    public static readonly Verb[] All =
    [
        new("tune", VerbOwner.Cli, "Measure, apply one optimisation after another, verify, keep or roll back"),
        new("rollback", VerbOwner.Cli, "Undo what tuning applied"),
        new("measure", VerbOwner.Cli, "Measure the baseline of a service"),
        new("advise", VerbOwner.Cli, "List what could be optimised, apply nothing"),
        new("apply", VerbOwner.Cli, "Apply chosen proposals of a run after a yes"),
        new("verify", VerbOwner.Cli, "Measure and compare with a baseline, for a pipeline"),
        new("benchmark", VerbOwner.Cli, "A fixed quick load; nothing is changed"),
        new("doctor", VerbOwner.Cli, "Look whether this machine is fit to measure on"),
        new("history", VerbOwner.Cli, "List the tuning runs with their totals"),
        new("report", VerbOwner.Cli, "Render a run as text, Markdown or HTML"),
        new("load", VerbOwner.Cli, "Load an HTTP service and report latency from the intended start"),
        new("scale", VerbOwner.Cli, "Scale local instances of a service behind nginx while load runs"),
        new("db", VerbOwner.Cli, "Find slow statements, advise and apply indexes, maintain"),
        new("cache", VerbOwner.Cli, "Statistics, warming and clearing of a running service's caches"),
        new("model", VerbOwner.Cli, "Inspect, convert, quantise, verify and measure tree ensembles"),
        new("delivery", VerbOwner.Cli, "Check how answers cache, write an edge's configuration, publish and purge"),
        new("serve", VerbOwner.Host, "Run a reference service"),
        new("sample", VerbOwner.Host, "Write a sample universe into a database"),
        new("import", VerbOwner.Host, "Import real data into a service's database"),
        new("features", VerbOwner.Host, "Extract or time the features of a service"),
        new("run", VerbOwner.Host, "Run a service's batch job"),
        new("config", VerbOwner.Host, "Show the effective value of every setting and where it came from"),
    ];
}
