using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Fettle.Shared.Results;

namespace Fettle.Tuning.Reports;

/// <summary>The two pictures: where latencies lie before and after, and how each action moved p95.</summary>
internal sealed partial class HtmlReport
{
    const double Width = 880;

    /// <summary>Cumulated latency of both sides on a logarithmic axis: the whole distribution, not three of its points.</summary>
    void Distribution()
    {
        if (!result.Histograms.TryGetValue("total before", out var before) || !result.Histograms.TryGetValue("total after", out var after) || before.Counts.Length == 0 || after.Counts.Length == 0)
        {
            return;
        }

        const double Height = 260, Left = 44, Bottom = 34, Top = 14;
        var least = Math.Max(0.001, Math.Min(before.UpperBounds[0], after.UpperBounds[0]) / 1.3);
        var most = Math.Max(before.UpperBounds[^1], after.UpperBounds[^1]) * 1.3;
        double X(double ms) => Left + (Width - Left - 12) * (Math.Log(ms) - Math.Log(least)) / (Math.Log(most) - Math.Log(least));
        double Y(double share) => Top + (Height - Top - Bottom) * (1 - share);
        _html.Append("<section><h2>Latency at the same load</h2><svg viewBox=\"0 0 ").Append(F(Width)).Append(' ').Append(F(Height)).Append("\" role=img aria-label=\"cumulated latency before and after\">");
        foreach (var share in new[] { 0.5, 0.95, 1 })
        {
            _html.Append($"<line class=grid x1={F(Left)} x2={F(Width - 12)} y1={F(Y(share))} y2={F(Y(share))} /><text x=4 y={F(Y(share) + (share == 1 ? -3 : share > 0.9 ? 9 : 4))}>{(share == 1 ? "max" : "p" + F(share * 100))}</text>");
        }

        for (var decade = Math.Pow(10, Math.Ceiling(Math.Log10(least))); decade <= most; decade *= 10)
        {
            _html.Append($"<line class=grid x1={F(X(decade))} x2={F(X(decade))} y1={F(Top)} y2={F(Height - Bottom)} /><text x={F(X(decade))} y={F(Height - 12)} text-anchor=middle>{decade.ToString("0.###", CultureInfo.InvariantCulture)} ms</text>");
        }

        Curve(before, "before", X, Y);
        Curve(after, "after", X, Y);
        _html.Append("</svg><p class=note><span class=\"key before\"></span>before <span class=\"key after\"></span>after: the share of requests answered within the time below.</p></section>");
    }

    void Curve(ResultHistogram histogram, string name, Func<double, double> x, Func<double, double> y)
    {
        var total = (double)histogram.Counts.Sum();
        var path = new StringBuilder();
        var seen = 0L;
        for (var i = 0; i < histogram.Counts.Length; i++)
        {
            var at = F(x(histogram.UpperBounds[i]));
            path.Append(i == 0 ? 'M' : 'L').Append(at).Append(' ').Append(F(y(seen / total)));
            seen += histogram.Counts[i];
            path.Append('L').Append(at).Append(' ').Append(F(y(seen / total)));
        }

        _html.Append("<path class=\"").Append(name).Append("\" d=\"").Append(path).Append("\" />");
    }

    /// <summary>A dot for before, an arrow to after, one line per action, on one logarithmic axis.</summary>
    void Ladder()
    {
        var steps = Objects(Data["actions"])
            .Select(a => (Title: (string?)a["title"] ?? "", Verdict: (string?)a["verdict"] ?? "", Before: Number(a["trial"]?["before"]?["p95Ms"]), After: Number(a["trial"]?["after"]?["p95Ms"])))
            .Where(s => s.Before is > 0 && s.After is > 0).ToArray();
        if (steps.Length == 0)
        {
            return;
        }

        const double Row = 30, Left = 300, Right = 160;
        var least = steps.Min(s => Math.Min(s.Before!.Value, s.After!.Value)) / 1.4;
        var most = steps.Max(s => Math.Max(s.Before!.Value, s.After!.Value)) * 1.4;
        double X(double ms) => Left + (Width - Left - Right) * (Math.Log(ms) - Math.Log(least)) / (Math.Log(most) - Math.Log(least));
        var height = Row * steps.Length + 16;
        _html.Append("<section><h2>p95, step by step</h2><svg viewBox=\"0 0 ").Append(F(Width)).Append(' ').Append(F(height)).Append("\" role=img aria-label=\"p95 before and after each action\">");
        for (var i = 0; i < steps.Length; i++)
        {
            var (title, verdict, before, after) = steps[i];
            var y = F(Row * i + 24);
            var name = title.Length > 44 ? title[..43] + "…" : title;
            var tone = verdict.Replace(' ', '-');
            var (x1, x2) = (X(before!.Value), X(after!.Value));
            _html.Append($"<text x=0 y={F(Row * i + 28)}>{Text(name)}<title>{Text(title)}</title></text><line class=\"step {tone}\" x1={F(x1)} x2={F(x2)} y1={y} y2={y} /><circle class=was cx={F(x1)} cy={y} r=4 /><circle class=\"now {tone}\" cx={F(x2)} cy={y} r=6 />");
            _html.Append($"<text class=value x={F(Math.Max(x1, x2) + 12)} y={F(Row * i + 28)}>{Text($"{Cells.Figure(before)} → {Cells.Figure(after)} ms")}</text>");
        }

        _html.Append("</svg><p class=note><span class=\"dot kept\"></span>kept <span class=\"dot rolled-back\"></span>rolled back <span class=\"dot inconclusive\"></span>inconclusive; each against the state before it, logarithmic axis.</p></section>");
    }

    void Actions()
    {
        if (!Objects(Data["actions"]).Any())
        {
            return;
        }

        _html.Append("<section><h2>What was tried</h2>");
        foreach (var action in Objects(Data["actions"]))
        {
            var verdict = (string?)action["verdict"] ?? "";
            _html.Append("<details><summary><span class=\"tag ").Append(verdict.Replace(' ', '-')).Append("\">").Append(Text(verdict)).Append("</span> <b>").Append(Text((string?)action["title"] ?? "")).Append("</b> <span class=reason>").Append(Text((string?)action["reason"] ?? "")).Append("</span></summary><div class=body>");
            Paragraph("Why", (string?)action["why"]);
            Paragraph("Predicted", (string?)action["predictedGain"]);
            Paragraph("Answers", (double?)action["tolerance"] is { } tolerance ? string.Create(CultureInfo.InvariantCulture, $"numbers may differ by {tolerance:0.####%} of their size") : null);
            Effects(action["trial"] as JsonObject);
            Lines("Done", action["do"]);
            Lines("Undone by", action["undo"]);
            Lines("Answers that changed", action["answers"]?["examples"]);
            if ((string?)action["evidence"] is { Length: > 0 } evidence)
            {
                _html.Append("<h3>Evidence</h3><pre>").Append(Text(evidence)).Append("</pre>");
            }

            _html.Append("</div></details>");
        }

        _html.Append("</section>");
    }

    void Effects(JsonObject? trial)
    {
        if (trial?["effects"] is not JsonObject { Count: > 0 } effects)
        {
            return;
        }

        _html.Append("<h3>Effect with its interval</h3><div class=scroll><table><thead><tr><th>metric<th>times better<th>at least<th>at most<th>Mann–Whitney p<th>rounds<tbody>");
        foreach (var (name, effect) in effects)
        {
            var upper = Number(effect?["upper"]) ?? 0;
            _html.Append($"<tr><td>{Text(name)}<td>{Cells.Factor(Number(effect?["factor"]) ?? 0)}<td>{Cells.Factor(Number(effect?["lower"]) ?? 0)}<td>{(upper > 1e6 ? "not bounded" : Cells.Factor(upper))}<td>{Cells.Figure(Number(effect?["mannWhitneyP"]))}<td>{effect?["rounds"]}");
        }

        _html.Append("</table></div>");
        if (trial["errors"] is JsonObject errors)
        {
            _html.Append("<p class=note>").Append(Text(EffectTable.Errors(errors))).Append("</p>");
        }
    }

    /// <summary>The total as one more list of effects, open from the start.</summary>
    void TotalEffects()
    {
        if (Data["total"]?["effects"] is not JsonObject { Count: > 0 })
        {
            return;
        }

        _html.Append("<section><h2>The total with its intervals</h2>");
        Effects(Data["total"] as JsonObject);
        _html.Append("</section>");
    }

    void Paragraph(string name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            _html.Append("<p><b>").Append(name).Append(":</b> ").Append(Text(text)).Append("</p>");
        }
    }

    void Lines(string name, JsonNode? lines)
    {
        if (lines is JsonArray { Count: > 0 } array)
        {
            _html.Append("<h3>").Append(name).Append("</h3><pre>").Append(Text(string.Join('\n', array.Select(l => (string?)l)))).Append("</pre>");
        }
    }

    static string F(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
