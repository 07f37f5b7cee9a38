"""Fitted estimators, sparse matrices and what else is pickled around models: pickle -> typed JSON -> pickle, every protocol.

Python judges, in a process of its own. What needs a library that is not installed is skipped.
"""

import json
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import unittest

import numpy

try:
    import scipy.sparse as sparse
except ImportError:
    sparse = None
try:
    import sklearn
except ImportError:
    sklearn = None

from mandoline import Server

JUDGE = """
import pickle, sys, warnings
warnings.simplefilter("ignore")
from same import difference
before, after = (pickle.load(open(name, "rb")) for name in sys.argv[1:])
print(difference(before, after) or "")
"""


def matrices():
    dense = numpy.random.default_rng(3).integers(0, 2, (7, 5)) * 1.5
    for kind in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil"):
        yield kind, sparse.coo_matrix(dense).asformat(kind)
        yield f"{kind} of nothing", sparse.coo_matrix((0, 3)).asformat(kind)
    yield "csr array", sparse.csr_array(dense.astype("f4"))


def estimators():
    from sklearn import cluster, decomposition, ensemble, linear_model, naive_bayes, neighbors, pipeline, preprocessing, svm, tree
    from sklearn.feature_extraction.text import TfidfVectorizer

    rng = numpy.random.default_rng(5)
    x, y = rng.normal(size=(40, 4)), rng.integers(0, 3, 40)
    for estimator in (
            linear_model.LinearRegression(), linear_model.LogisticRegression(), linear_model.Ridge(), svm.SVC(),
            tree.DecisionTreeClassifier(max_depth=3), ensemble.RandomForestClassifier(3), ensemble.GradientBoostingClassifier(n_estimators=2),
            neighbors.KNeighborsClassifier(), naive_bayes.GaussianNB(), cluster.KMeans(2, n_init=1), decomposition.PCA(2),
            preprocessing.StandardScaler(), preprocessing.OneHotEncoder(handle_unknown="ignore"),
            pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.SGDClassifier())):
        yield type(estimator).__name__, estimator.fit(x, y)
    yield "TfidfVectorizer", TfidfVectorizer().fit(["some words", "other words"])


class Models(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def judge(self, before, after):
        with tempfile.TemporaryDirectory() as folder:
            names = [pathlib.Path(folder, name) for name in ("before", "after")]
            for name, body in zip(names, (before, after)):
                name.write_bytes(body)
            here = str(pathlib.Path(__file__).parent)
            done = subprocess.run([sys.executable, "-c", JUDGE, *map(str, names)], cwd=here, capture_output=True, text=True,
                                  env={**os.environ, "OMP_NUM_THREADS": "1"})
        return done.stdout.strip() if done.returncode == 0 else done.stderr[-600:]

    def law(self, values):
        """All values of a kind in one list: a process costs a second."""
        values = list(values)
        for protocol in range(6):
            bodies = [pickle.dumps(value, protocol) for _, value in values]
            back = [self.server.convert(self.server.convert(body, "typed", "pickle"), "pickle", "typed", protocol=protocol)
                    for body in bodies]
            problem = self.judge(join(bodies), join(back))
            names = ", ".join(f"{i} {name}" for i, (name, _) in enumerate(values))
            self.assertEqual("", problem, f"protocol {protocol}: {names}")

    @unittest.skipUnless(sparse, "python3-scipy is not installed")
    def test_sparse_matrices(self):
        self.law(matrices())

    @unittest.skipUnless(sklearn, "python3-sklearn is not installed")
    def test_estimators(self):
        self.law(estimators())

    @unittest.skipUnless(sklearn, "python3-sklearn is not installed")
    def test_attributes_of_an_estimator_have_paths(self):
        from sklearn.linear_model import LinearRegression

        x = numpy.arange(12.0).reshape(6, 2) ** 2
        model = LinearRegression().fit(x, x @ [1.0, 2.0])
        body = pickle.dumps({"model": model})
        got = json.loads(self.server.convert(body, "json", "pickle", path="/model/coef_"))
        self.assertEqual(model.coef_.tolist(), got)
        self.assertEqual(model.coef_[1:].tolist(),
                         json.loads(self.server.convert(body, "json", "pickle", path="/model/coef_", slice="1:")))


def join(bodies):
    """A pickle of the list of what these are, each loaded by a Python that loads it all."""
    return pickle.dumps([Loaded(body) for body in bodies])


class Loaded:
    """Becomes what its bytes are a pickle of."""

    def __init__(self, body):
        self.body = body

    def __reduce__(self):
        return pickle.loads, (self.body,)


if __name__ == "__main__":
    unittest.main()
