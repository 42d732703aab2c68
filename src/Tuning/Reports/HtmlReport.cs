using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Fettle.Shared.Results;

namespace Fettle.Tuning.Reports;

/// <summary>The story from before to after as one page, from the result document alone.</summary>
internal sealed partial class HtmlReport(ResultDocument result)
{
    readonly StringBuilder _html = new();

    JsonObject Data => result.Data;

    public string Render()
    {
        _html.Append("<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\"><title>");
        _html.Append(Text($"fettle {(string?)result.Settings["mode"] ?? "tune"} {result.Name}")).Append("</title><style>").Append(Style).Append("</style><main>");
        Header();
        Cards();
        Distribution();
        Ladder();
        foreach (var table in result.Tables.Where(t => t.Title != EffectTable.Title))
        {
            Table(table);
        }

        TotalEffects();
        Actions();
        Undo();
        Surroundings();
        return _html.Append("</main></html>\n").ToString();
    }

    void Header()
    {
        var end = (string?)Data["end"];
        var kept = Objects(Data["actions"]).Count(a => (string?)a["verdict"] == "kept");
        var tried = Objects(Data["actions"]).Count();
        var mode = (string?)result.Settings["mode"] ?? "tune";
        _html.Append("<header><p class=kicker>fettle · ").Append(Text(mode)).Append(" · ").Append(Text(result.Name)).Append("</p><h1>");
        _html.Append(end switch
        {
            _ when mode == "verify" => Text(end switch { "NotWorse" => "Not worse", "Worse" => "Worse", "ThresholdFailed" => "A limit was missed", _ => "Undecided" }),
            _ when mode == "benchmark" => Text($"{Cells.Figure(Number(Data["throughputPerSecond"]))} requests a second"),
            _ when mode == "advise" => Text($"{Objects(Data["notTried"]).Count()} proposals"),
            _ when Data["total"] is null && tried == 0 => "Baseline measured",
            "Improved" => Text($"{Factor("p95")} faster at p95"),
            "NoneKept" => "Nothing kept",
            _ => "Undecided",
        });
        _html.Append("</h1><p class=lead>");
        _html.Append(Text(mode switch
        {
            "verify" or "benchmark" or "measure" or "advise" => result.Verdicts is [var verdict, ..] ? verdict.Reason : "Nothing was changed.",
            _ => string.Create(CultureInfo.InvariantCulture, $"{tried} optimisations tried, {kept} kept, in {TimeSpan.FromSeconds(result.DurationSeconds):h\\:mm\\:ss}. "),
        }));
        if (Data["totalAnswers"] is JsonObject answers)
        {
            _html.Append(Text($"{answers["compared"]} answers compared with the untouched service, {answers["different"]} different."));
        }

        _html.Append("</p></header>");
    }

    void Cards()
    {
        var trial = Data["total"] as JsonObject ?? Data["baseline"] as JsonObject;
        if (trial is null)
        {
            return;
        }

        var total = Data["total"] is not null;
        _html.Append("<section class=cards>");
        Card("p50", "ms", trial, "p50Ms", lessIsBetter: true, total);
        Card("p95", "ms", trial, "p95Ms", lessIsBetter: true, total);
        Card("capacity", "req/s", trial, "capacityPerSecond", lessIsBetter: false, total);
        Card("CPU per request", "ms", trial, "cpuMsPerRequest", lessIsBetter: true, total);
        _html.Append("</section>");
    }

    void Card(string name, string unit, JsonObject trial, string field, bool lessIsBetter, bool total)
    {
        var before = Number(trial["before"]?[field]);
        var after = Number(trial["after"]?[field]);
        _html.Append("<div class=card><span class=name>").Append(name).Append("</span>");
        if (total && before is > 0 && after is > 0)
        {
            var factor = lessIsBetter ? before.Value / after.Value : after.Value / before.Value;
            _html.Append("<b class=").Append(factor >= 1 ? "good" : "bad").Append('>').Append(Text(Cells.Factor(factor))).Append("</b><span>");
            _html.Append(Text($"{Cells.Figure(before)} → {Cells.Figure(after)} {unit}")).Append("</span>");
        }
        else
        {
            _html.Append("<b>").Append(Text(Cells.Figure(before))).Append("</b><span>").Append(unit).Append("</span>");
        }

        _html.Append("</div>");
    }

    void Table(ResultTable table)
    {
        _html.Append("<section><h2>").Append(Text(table.Title)).Append("</h2><div class=scroll><table><thead><tr>");
        foreach (var column in table.Columns)
        {
            _html.Append("<th>").Append(Text(column));
        }

        _html.Append("<tbody>");
        foreach (var row in table.Rows)
        {
            _html.Append("<tr>");
            foreach (var cell in row)
            {
                var tag = cell is "kept" or "rolled back" or "inconclusive" or "pruned" ? $"<span class=\"tag {cell.Replace(' ', '-')}\">{Text(cell)}</span>" : Text(cell);
                _html.Append("<td>").Append(tag);
            }
        }

        _html.Append("</table></div>");
        if (table.Note is not null)
        {
            _html.Append("<p class=note>").Append(Text(table.Note)).Append("</p>");
        }

        _html.Append("</section>");
    }

    void Undo()
    {
        if ((bool?)Data["applied"] is not true)
        {
            return;
        }

        _html.Append("<section><h2>How to undo</h2><p><code>fettle rollback ").Append(Text((string?)Data["run"] ?? "")).Append("</code> takes everything back");
        if ((string?)Data["switchesFile"] is { } file)
        {
            _html.Append("; the kept switches are in <code>").Append(Text(file)).Append("</code>");
        }

        if ((string?)Data["launchFile"] is { } launch)
        {
            _html.Append("; the kept launch settings are in <code>").Append(Text(launch)).Append("</code>");
        }

        _html.Append(".</p>");
        foreach (var action in Objects(Data["actions"]).Where(a => (string?)a["verdict"] == "kept"))
        {
            _html.Append("<p><code>fettle rollback ").Append(Text((string?)action["id"] ?? "")).Append("</code> only ").Append(Text((string?)action["title"] ?? "")).Append("</p>");
        }

        _html.Append("</section>");
    }

    void Surroundings()
    {
        _html.Append("<section><h2>How it was measured</h2><dl>");
        void Item(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                _html.Append("<dt>").Append(Text(name)).Append("<dd>").Append(Text(value));
            }
        }

        Item("Workload", (string?)result.Settings["workload"]);
        Item("Database", (string?)result.Settings["database"]);
        Item("Machine", string.Create(CultureInfo.InvariantCulture, $"{result.Machine.Processor}, {result.Machine.Cores} cores, {result.Machine.MemoryGiB:0.#} GiB, {result.Machine.OperatingSystem}, {result.Machine.Runtime}"));
        Item("Commit", result.Source.Commit + (result.Source.Clean ? "" : " with changes"));
        Item("Command", string.Join(' ', result.Command));
        Item("Started", result.StartedAt.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        Item("Load average", $"{result.Noise["loadAverageBefore"]} before, {result.Noise["loadAverageAfter"]} after");
        Item("Noise floor (A/A)", string.Join(", ", (result.Noise["floorFactors"] as JsonObject ?? []).Select(f => $"{f.Key} {Percent(Number(f.Value) ?? 1)}")));
        Item("Error level", $"{result.Settings["alpha"]} for keeping an action that does nothing");
        Item("Design", (string?)result.Settings["design"]);
        Item("Golden answers", $"{Data["answersRecorded"]} recorded{(Data["changingRequests"] is JsonValue writes && writes.TryGetValue<int>(out var n) && n > 0 ? $", {n} requests that change data replayed on fresh copies" : "")}");
        Item("No gate", Data["answersLeftOut"] is JsonArray { Count: > 0 } left ? string.Join("; ", left.Select(l => (string?)l)) : null);
        Item("Not applied", Data["declined"] is JsonArray { Count: > 0 } declined ? string.Join("; ", declined.Select(d => (string?)d)) : null);
        Item("Figures", "every one stands in result.json beside this page, with the raw histograms and each round");
        Item("Answer noise", Data["answerNoise"] is JsonArray { Count: > 0 } noise ? string.Join(", ", noise.Select(n => (string?)n)) : "none");
        _html.Append("</dl></section>");
    }

    static string Percent(double factor) => (factor - 1).ToString("0.0 %", CultureInfo.InvariantCulture);

    string Factor(string metric)
    {
        var before = Number(Data["total"]?["before"]?[metric + "Ms"]);
        var after = Number(Data["total"]?["after"]?[metric + "Ms"]);
        return before is { } b && after is > 0 and { } a ? Cells.Factor(b / a) : "–";
    }

    static IEnumerable<JsonObject> Objects(JsonNode? array) => (array as JsonArray)?.OfType<JsonObject>() ?? [];

    static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;

    static string Text(string text) => WebUtility.HtmlEncode(text);
}
