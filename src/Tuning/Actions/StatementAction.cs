using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Actions;

/// <summary>Statements on the instance's database: an index, statistics, maintenance. The statements come from the database advisor; here they are only run.</summary>
internal sealed class StatementAction : TuningAction
{
    readonly IReadOnlyList<string> _do;
    readonly IReadOnlyList<string> _undo;

    public StatementAction(string id, string title, string risk, string why, string predictedGain, IReadOnlyList<string> run, IReadOnlyList<string> undo, string evidence = "", string layer = "database")
    {
        Id = id;
        Title = title;
        Layer = layer;
        Risk = risk.ToLowerInvariant();
        Why = why;
        PredictedGain = predictedGain;
        Evidence = evidence;
        _do = run;
        _undo = undo;
    }

    public override string Id { get; }

    public override string Title { get; }

    public override string Layer { get; }

    public override string Risk { get; }

    public override string Why { get; }

    public override string PredictedGain { get; }

    /// <summary>Plans and figures that the advisor gives as its reason.</summary>
    public string Evidence { get; }

    public override IReadOnlyList<string> Do => _do;

    public override IReadOnlyList<string> Undo => _undo;

    public override string Target(ServiceInstance instance) => $"database:{Address(instance)}";

    public override Task ApplyAsync(ServiceInstance instance, CancellationToken cancellation) =>
        TunedDatabase.ExecuteAsync(Address(instance), _do, cancellation);

    public override Task UndoAsync(ServiceInstance instance, CancellationToken cancellation) =>
        TunedDatabase.ExecuteAsync(Address(instance), _undo, cancellation);

    static Fettle.Databases.DatabaseAddress Address(ServiceInstance instance) =>
        instance.Database ?? throw new TuningException($"{instance.Name} has no database; give --database so that database actions can run");
}
