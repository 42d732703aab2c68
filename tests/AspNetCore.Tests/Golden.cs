using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fettle.AspNetCore.Tests;

/// <summary>Compares a contract with its frozen file beside the tests.</summary>
internal static class Golden
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void Matches(string file, JsonNode actual)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Contracts", file);
        var text = actual.ToJsonString(Indented) + "\n";
        text.ShouldBe(
            File.ReadAllText(path),
            $"the contract changed. Readers of the old form exist: raise its version, keep reading the old one, document it in docs/contracts.md, then change Contracts/{file}");
    }
}
