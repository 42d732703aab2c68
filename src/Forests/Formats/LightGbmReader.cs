using Fettle.Forests.Trees;

namespace Fettle.Forests.Formats;

/// <summary>
/// Reads LightGBM's text model, v2 to v4 (gbdt, dart, goss, rf). Numbers keep their float64 bits; sums are float64 in tree order.
/// </summary>
internal static class LightGbmReader
{
    const int MaxFeatures = 1 << 24;

    public static bool Accepts(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("tree\n"u8) || bytes.StartsWith("tree\r\n"u8) || bytes.StartsWith("tree="u8);

    public static ForestModel Read(string file, byte[] bytes)
    {
        var lines = new LineReader(file, bytes);
        lines.Next();
        var header = LightGbmSection.Read(lines);
        var version = header.Text("version", "");
        if (version is not ("v2" or "v3" or "v4"))
        {
            throw header.Error("version", $"the version '{version}' is not known; known: v2, v3, v4");
        }

        var features = header.Integer("max_feature_idx", -1, MaxFeatures) + 1;
        var perIteration = header.Integer("num_tree_per_iteration", 1, 1 << 20);
        var average = header.Has("average_output");
        var objective = header.Text("objective", "");
        var (link, scale) = LightGbmObjective.Find(objective) ?? throw header.Error("objective", $"the objective '{objective}' is not known");
        if (average && version == "v2")
        {
            // Up to v2, random forests stored leaves that had been converted already and averaged those.
            (link, scale) = (ForestLink.Identity, 1);
        }

        var trees = ReadTrees(lines, features);
        if (header.Has("tree_sizes") && header.Texts("tree_sizes").Length is var declared && declared != trees.Count)
        {
            throw header.Error("tree_sizes", $"tree_sizes lists {declared} trees, the file holds {trees.Count}");
        }

        if (trees.Count % perIteration != 0)
        {
            throw header.Error("num_tree_per_iteration", $"{trees.Count} trees are no multiple of {perIteration} trees per iteration");
        }

        var names = header.Texts("feature_names");
        return new ForestModel
        {
            Format = ForestFormat.LightGbmText,
            TrainerVersion = version,
            Objective = objective,
            Arithmetic = ForestArithmetic.Double,
            Link = link,
            LinkScale = scale,
            FeatureCount = features,
            FeatureNames = names.Length == features ? names : [],
            MarginCount = perIteration,
            BaseMargins = new double[perIteration],
            AverageOver = average && trees.Count > 0 ? trees.Count / perIteration : 1,
            Trees = [.. trees],
            TreeMargins = [.. Enumerable.Range(0, trees.Count).Select(t => t % perIteration)],
        };
    }

    static List<DecisionTree> ReadTrees(LineReader lines, int features)
    {
        var trees = new List<DecisionTree>();
        while (true)
        {
            lines.SkipBlank();
            var line = lines.Current;
            if (line == "end of trees")
            {
                return trees;
            }

            if (lines.AtEnd)
            {
                throw lines.Error("'end of trees' is missing; the file may be truncated");
            }

            if (line != $"Tree={trees.Count}")
            {
                throw lines.Error($"'{LineReader.Clip(line)}' found where 'Tree={trees.Count}' is needed");
            }

            lines.Next();
            trees.Add(LightGbmTreeReader.Read(LightGbmSection.Read(lines), features));
        }
    }
}
