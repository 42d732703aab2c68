using System.Text;
using Fettle.Shared.Results;

namespace Fettle.LoadTesting.Reports;

/// <summary>The half seconds of a run as comma-separated values.</summary>
static class CsvReport
{
    public static string Render(ResultDocument document)
    {
        var text = new StringBuilder("seconds,requests,failed,p50_ms,p95_ms,p99_ms,max_ms\n");
        foreach (var block in document.Data["blocks"]!.AsArray())
        {
            text.AppendJoin(',', block!.AsArray().Take(7).Select(v => v?.ToJsonString() ?? "")).Append('\n');
        }

        return text.ToString();
    }
}
