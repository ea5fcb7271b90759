"""Which names say a split, and which only look like it."""

import pytest

from gner.data.reading.split_names import differ_only_in_split, kind_of, without_split

NAMES = {
    "train": """
        train.txt training TRAIN.conll eng.train train-00000-of-00002.parquet wnut17train.conll trainset.txt
        train_set.txt train-set trainingset TrainSet.json CDR_TrainingSet.PubTator.txt NCBItrainset_corpus.txt
        BC5CDRtrain.tsv NERTrain.conll MyTrainSet traindata train_data.json train1 train2.txt train10 train_01.txt
        trainA.txt trn.tsv trainfile train_settings.json SemEval-train.xml SemEval2013_train eval-train.json
        détrain-train
    """,
    "dev": """
        dev.json dev-v2.json devset.txt DevSet devel.conll development.txt valid.txt validation val.json val1.json
        eng.testa testA testa.txt NCBIdevelopset_corpus.txt BC5CDR-dev.iob2 validationset CDR_DevelopmentSet.txt
        val_data emerging.dev.conll
    """,
    "test": """
        test.txt testset test_set.conll NCBItestset_corpus.txt testing tst.txt eng.testb testB test_data test1
        test2014.txt CDRTest.txt eval_test.json test.latest.json
    """,
    "eval": "eval.json evaluation.txt eval1 evalset.txt EvalSet news_eval.conll",
}
SILENT = """
    latest.json contest testament.txt attest greatest-hits.txt trainer.json trainers trains.txt retraining restrain
    constrain.conll validity.txt invalid.json valley carnival evaluator medieval.txt retrieval SemEval SemEval2013.xml
    device webdev.txt TestSuite.json TrainStation DevOps.txt tests text.txt strn interval.json approval
    train_test_split test-train.txt notes.txt 1.txt détrain trainé.txt
"""


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in NAMES for name in NAMES[kind].split()])
def test_a_word_for_a_split_is_found(kind: str, name: str) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize("name", SILENT.split())
def test_a_name_that_only_contains_the_letters_says_nothing(name: str) -> None:
    assert kind_of(name) is None
    assert without_split(name) == name


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        *(("train", ""), ("trainset", ""), ("train_set", ""), ("train2", ""), ("TrainA", ""), ("eval", "")),
        *(("news-train.v2", "news-v2"), ("news_eval", "news"), ("wnut17train", "wnut17")),
        *(
            ("NCBItrainset_corpus", "NCBI"),
            ("eng.testa", "eng"),
            ("train_1", "1"),
            ("BC5CDRTest", "BC5CDR"),
            ("conll-train-2003", "conll-2003"),
        ),
    ],
)
def test_the_rest_of_a_name_is_that_of_the_dataset(name: str, rest: str) -> None:
    assert without_split(name) == rest


@pytest.mark.parametrize(
    ("name", "other", "differ_only"),
    [
        ("train.txt", "dev.txt", True),
        ("trainset.txt", "TestSet.txt", True),
        ("NCBItrainset_corpus.txt", "NCBIdevelopset_corpus.txt", True),
        ("train1.txt", "train2.txt", True),
        ("train1.txt", "dev.txt", True),
        ("eng.train", "eng.testb", True),
        ("train.json", "eval.json", True),
        ("news-train.txt", "dev.txt", False),
        ("train.txt", "dev.json", False),
        ("notes.txt", "notes.txt", False),
        ("latest.txt", "train.txt", False),
    ],
)
def test_names_of_other_splits_are_known(name: str, other: str, differ_only: bool) -> None:
    assert differ_only_in_split(name, other) is differ_only
    assert differ_only_in_split(other, name) is differ_only
