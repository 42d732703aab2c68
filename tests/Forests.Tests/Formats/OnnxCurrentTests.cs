using Fettle.Forests.Formats;
using Fettle.Forests.Trees;

namespace Fettle.Forests.Tests.Formats;

/// <summary>The TreeEnsemble operator of ai.onnx.ml 5: splits and leaves in lists of their own, a child is one or the other.</summary>
public sealed class OnnxCurrentTests
{
    static readonly Forest Source = new(
        Forest.Load(new SyntheticModel { Trees = 9, Depth = 4, Features = 5, Thresholds = 20, Objective = "binary:logitraw" }.ToXgboostJson(), "source").Model,
        new ForestOptions { Kernel = ForestKernel.Plain });

    [Fact]
    public void SameTrees_GiveTheSameBits()
    {
        var forest = Forest.Load(Write(new Columns(Source.Model)), "model.onnx");
        (forest.Model.Format, forest.Model.TreeCount, forest.Model.LeafCount).ShouldBe((ForestFormat.Onnx, 9, 9L * 16));
        var rows = ThresholdRows.Create(Source.Model, 400, seed: 5, missing: 0.1);
        var (expected, mine) = (new float[400], new float[400]);
        var model = Source.Model;
        for (var r = 0; r < 400; r++)
        {
            // The operator has no base value: the sum starts from 0.
            foreach (var tree in model.Trees)
            {
                expected[r] += (float)tree.Nodes[tree.FindLeaf<float>(rows.AsSpan(r * 5, 5))].Value;
            }
        }

        forest.Predict(rows, 400, mine);
        SameBits.ShouldHold(mine, expected, "TreeEnsemble");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void PostTransform_IsTakenByNumber(int post)
    {
        var forest = Forest.Load(Write(new Columns(Source.Model), post), "model.onnx");
        forest.Model.Link.ShouldBe(post == 2 ? ForestLink.Logistic : ForestLink.Probit);
    }

    [Fact]
    public void InconsistentTrees_AreOneErrorEach()
    {
        Refused(c => c.Yes[0] = 0, "reached twice");
        Refused(c => c.Yes[0] = 10_000, "names the node 10000");
        Refused(c => c.Yes[^1] = 5_000, "names the leaf 5000");
        Refused(c => c.Modes[3] = 6, "BRANCH_MEMBER");
        Refused(c => c.LeafTargets[0] = 7, "target 7");
        Refused(c => c.Features[0] = -1, "-1");
        Refused(c => c.No.RemoveAt(0), "'nodes_falsenodeids' has");
    }

    static void Refused(Action<Columns> damage, string expected)
    {
        var columns = new Columns(Source.Model);
        damage(columns);
        Should.Throw<ModelFormatException>(() => Forest.Load(Write(columns), "model.onnx")).Message.ShouldContain(expected);
    }

    static byte[] Write(Columns c, int post = 0)
    {
        var node = new WireWriter().Text(1, "input").Text(2, "output").Text(4, "TreeEnsemble").Text(7, "ai.onnx.ml");
        void Integers(string name, IEnumerable<long> values) => node.Message(5, new WireWriter().Text(1, name).Integers(8, values).Integer(20, 7));
        void Singles(string name, List<float> values) => node.Message(5, new WireWriter().Text(1, name).Message(5, new WireWriter().Integers(1, [values.Count]).Integer(2, 1).Singles(4, values)).Integer(20, 4));
        void Integer(string name, long value) => node.Message(5, new WireWriter().Text(1, name).Integer(3, value).Integer(20, 2));
        Integers("tree_roots", c.Roots);
        Integers("nodes_featureids", c.Features);
        Integers("nodes_truenodeids", c.Yes);
        Integers("nodes_falsenodeids", c.No);
        Integers("nodes_trueleafs", c.YesLeaf);
        Integers("nodes_falseleafs", c.NoLeaf);
        Integers("nodes_missing_value_tracks_true", c.Tracks);
        Integers("leaf_targetids", c.LeafTargets);
        Singles("nodes_splits", c.Splits);
        Singles("leaf_weights", c.Weights);
        node.Message(5, new WireWriter().Text(1, "nodes_modes").Message(5, new WireWriter().Integers(1, [c.Modes.Count]).Integer(2, 2).Bytes(9, [.. c.Modes])).Integer(20, 4));
        Integer("n_targets", 1);
        Integer("post_transform", post);
        Integer("aggregate_function", 1);
        return new WireWriter().Integer(1, 10).Text(2, "test").Message(7, new WireWriter().Message(1, node).Text(2, "graph")).ToArray();
    }

    sealed class Columns
    {
        public readonly List<long> Roots = [], Features = [], Yes = [], No = [], YesLeaf = [], NoLeaf = [], Tracks = [], LeafTargets = [];
        public readonly List<float> Splits = [], Weights = [];
        public readonly List<byte> Modes = [];

        public Columns(ForestModel model)
        {
            foreach (var tree in model.Trees)
            {
                Roots.Add(Features.Count);
                Add(tree, 0);
            }
        }

        long Add(DecisionTree tree, int index)
        {
            var node = tree.Nodes[index];
            if (node.IsLeaf)
            {
                LeafTargets.Add(0);
                Weights.Add((float)node.Value);
                return Weights.Count - 1;
            }

            var id = Features.Count;
            Features.Add(node.Feature);
            Splits.Add((float)node.Threshold);
            Modes.Add(1);
            Tracks.Add(node.DefaultLeft ? 1 : 0);
            YesLeaf.Add(tree.Nodes[node.Left].IsLeaf ? 1 : 0);
            NoLeaf.Add(tree.Nodes[node.Right].IsLeaf ? 1 : 0);
            Yes.Add(0);
            No.Add(0);
            Yes[id] = Add(tree, node.Left);
            No[id] = Add(tree, node.Right);
            return id;
        }
    }
}
