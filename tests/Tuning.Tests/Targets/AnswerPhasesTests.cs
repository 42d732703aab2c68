using Fettle.Tuning.Targets;

namespace Fettle.Tuning.Tests.Targets;

public sealed class AnswerPhasesTests
{
    [Theory]
    [InlineData("at most 60 % of an answer's time (db)", "db")]
    [InlineData("at most 80 % of an answer's time (db, features)", "db", "features")]
    [InlineData("at most 0 % of an answer's time (cache)", "cache")]
    [InlineData("at most 100 % of an answer's time", "total")]
    [InlineData("none of the sampled answers has 1 KB", "bytes")]
    [InlineData("")]
    public void Gain_IsTheShareOfWhatTheSwitchSaves(string expected, params string[] saves) =>
        AnswerPhases.Of("db;dur=6, features;dur=1, total;dur=10", "db;dur=6;desc=\"two statements\", features;dur=3, total;dur=10").Gain(Saving(saves)).ShouldBe(expected);

    [Theory]
    [InlineData("")]
    [InlineData("db;dur=x, total")]
    [InlineData("total;dur=0")]
    [InlineData("total;dur=-3")]
    [InlineData("total;dur=NaN")]
    public void ServiceThatSaysNothing_IsPredictedNothing(string timings) => AnswerPhases.Of(timings).Gain(Saving("db")).ShouldBe("");

    /// <summary>Phases of calls side by side add up to more than the request took.</summary>
    [Fact]
    public void PhasesLongerThanTheAnswer_AreAllOfIt() => AnswerPhases.Of("db;dur=25, total;dur=10").Gain(Saving("db")).ShouldBe("at most 100 % of an answer's time (db)");

    static ServiceSwitch Saving(params string[] saves) => new() { Name = "a", Saves = saves };
}
